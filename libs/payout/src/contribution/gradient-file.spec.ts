import { asHash } from '@tallystick/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeGradient, encodeGradient } from './gradient-file.js';
import { gradientAgrees, Q_MAX, quantiseGradient } from './quantised-gradient.js';

const manifest = asHash('ab'.repeat(32));
const gradients = fc
  .array(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(0)), {
    minLength: 1,
    maxLength: 40,
  })
  .map((list) => Float64Array.from(list));

describe('quantiseGradient', () => {
  it('takes the largest exponent that fits, and is off by half a unit at most', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e15, max: 1e15, noNaN: true }), { minLength: 1 }),
        (list) => {
          const gradient = Float64Array.from(list, (x) => (Math.abs(x) < 1e-20 ? 0 : x));
          const { exponent, values } = quantiseGradient(gradient);
          for (const [j, q] of values.entries()) {
            expect(Math.abs(q - gradient[j] * 2 ** exponent)).toBeLessThanOrEqual(0.5);
          }
          const most = values.reduce((max, q) => Math.max(max, Math.abs(q)), 0);
          expect(most === 0 || (most <= Q_MAX && most > Q_MAX >> 1)).toBe(true);
        },
      ),
    );
  });

  it('rounds halves to even', () => {
    const gradient = Float64Array.of(2 ** 22, 0.5, 1.5, 2.5, -0.5, -1.5);
    expect(quantiseGradient(gradient)).toEqual({
      exponent: 0,
      values: Int32Array.of(2 ** 22, 0, 2, 2, 0, -2),
    });
  });

  it.each([[Number.NaN], [Infinity], [2 ** 100], [2 ** -200]])('%d scores nobody', (value) => {
    const zeros = { exponent: 0, values: new Int32Array(2) };
    expect(quantiseGradient(Float64Array.of(value, value / 2))).toEqual(zeros);
  });

  it('agrees within 10⁻³ of the length and no further', () => {
    const gradient = Float64Array.from({ length: 100 }, (_, j) => Math.sin(j));
    const times = (factor: number) => quantiseGradient(gradient.map((g) => g * factor));
    expect(gradientAgrees(times(1.0009), times(1))).toBe(true);
    expect(gradientAgrees(times(1.0011), times(1))).toBe(false);
    expect(gradientAgrees(times(-1), times(1))).toBe(false);
    expect(gradientAgrees(times(0), times(1))).toBe(false);
    expect(gradientAgrees(quantiseGradient(gradient.subarray(1)), times(1))).toBe(false);
  });
});

describe('the gradient file', () => {
  it('gives back what was written', () => {
    fc.assert(
      fc.property(gradients, (list) => {
        const gradient = quantiseGradient(list);
        const file = encodeGradient(manifest, gradient);
        expect(file.length % 8).toBe(0);
        expect(decodeGradient(file, { manifest, d: list.length })).toEqual({ ok: true, gradient });
      }),
    );
  });

  it('refuses other models, lengths, exponents and paddings', () => {
    const gradient = quantiseGradient(Float64Array.of(1, -0.25, 3));
    const file = encodeGradient(manifest, gradient);
    const shape = { manifest, d: 3 };
    const changed = (at: number, value: number): Uint8Array => file.with(at, value);
    const refused = [
      decodeGradient(file, { manifest, d: 4 }),
      decodeGradient(file, { manifest: asHash('ac'.repeat(32)), d: 3 }),
      decodeGradient(file.subarray(1), shape),
      ...[0, 4, 5, 7, 8, 15, 48, 55, 65, 71].map((at) =>
        decodeGradient(changed(at, file[at] ^ 1), shape),
      ),
    ];
    const reencoded = encodeGradient(manifest, {
      exponent: gradient.exponent - 1,
      values: gradient.values.map((q) => q / 2),
    });
    expect([...refused, decodeGradient(reencoded, shape)].filter(({ ok }) => ok)).toEqual([]);
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 80 }), (bytes) => {
        const head = encodeGradient(manifest, quantiseGradient(Float64Array.of(1, 2)));
        head.set(bytes.subarray(0, head.length));
        expect(typeof decodeGradient(head, { manifest, d: 2 }).ok).toBe('boolean');
        expect(decodeGradient(bytes, { manifest, d: 2 }).ok).toBe(false);
      }),
    );
  });
});
