import fc from 'fast-check';
import { expect, it } from 'vitest';
import { gradientProduct, valueProduct } from './exact-products.js';

const LARGEST_V = 2 ** 41 - 1;
const LARGEST_Q = 2 ** 23 - 1;
const v = fc.oneof(
  fc.constantFrom(LARGEST_V, -LARGEST_V, 0, 1, -1, 2 ** 20, -(2 ** 20) - 1),
  fc.integer({ min: -LARGEST_V, max: LARGEST_V }),
);
const q = fc.oneof(
  fc.constantFrom(LARGEST_Q, -LARGEST_Q, 0),
  fc.integer({ min: -LARGEST_Q, max: LARGEST_Q }),
);

function bySum(a: ArrayLike<number>, b: Float64Array): bigint {
  return Array.from(b, (value, j) => BigInt(a[j]) * BigInt(value)).reduce((x, y) => x + y, 0n);
}

it('both products are those of unbounded integers', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(q, v, v), { maxLength: 300 }), (rows) => {
      const a = Int32Array.from(rows, ([each]) => each);
      const b = Float64Array.from(rows, ([, each]) => each);
      const c = Float64Array.from(rows, ([, , each]) => each);
      expect(gradientProduct(a, b)).toBe(bySum(a, b));
      expect(valueProduct(b, c)).toBe(bySum(b, c));
    }),
  );
});

it('stays exact over whole chunks of the largest values, where a plain sum does not', () => {
  const values = new Float64Array(4099).fill(LARGEST_V);
  const gradient = new Int32Array(4099).fill(-LARGEST_Q);
  expect(gradientProduct(gradient, values)).toBe(-4099n * BigInt(LARGEST_Q) * BigInt(LARGEST_V));
  expect(valueProduct(values, values)).toBe(4099n * BigInt(LARGEST_V) ** 2n);
  const plain = values.reduce((sum, value, j) => sum + value * gradient[j], 0);
  expect(BigInt(plain)).not.toBe(gradientProduct(gradient, values));
});
