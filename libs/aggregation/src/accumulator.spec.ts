import { readFileSync } from 'node:fs';
import { fromHex } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { Accumulator } from './accumulator.js';
import { type Manifest, manifestOf, type TensorShape } from './manifest.js';
import { decodeUpdate, referenceSum } from './reference.js';
import { randomUpdate, seededWords } from './testing/random-update.js';
import { DENSE_I32 } from './update-form.js';

interface SumVector {
  tensors: TensorShape[];
  contributions: { weight: string; file: string }[];
  sums: string[];
}
const VECTORS = new URL('../../../test-vectors/numbers.json', import.meta.url);
const vectors: { sums: SumVector; extremeSums: SumVector } = JSON.parse(
  readFileSync(VECTORS, 'utf8'),
);

interface Contribution {
  readonly file: Uint8Array;
  readonly weight: bigint;
}

/** Two tensors where d allows it, so that blocks end in the middle of the model. */
function manifestWith(d: number): Manifest {
  const tensors =
    d < 3
      ? [{ name: 'w', shape: [d] }]
      : [
          { name: 'w', shape: [d - 2] },
          { name: 'b', shape: [2] },
        ];
  return manifestOf(sha256, tensors);
}

/** Five updates over the whole range; the weights sum to 2²² − 1. */
function contributionsOf(manifest: Manifest, seed: number): Contribution[] {
  const weights = [1n, 2_097_152n, 199n, 1_000_003n];
  const rest = (1n << 22n) - 1n - weights.reduce((sum, weight) => sum + weight, 0n);
  return [...weights, rest].map((weight, index) => ({
    file: randomUpdate(manifest, 10 * seed + index),
    weight,
  }));
}

/** Fisher–Yates from a seed. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const next = seededWords(seed);
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = next() % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Σ weight · v in unbounded integers; throws unless every sum fits int64. */
function reference(manifest: Manifest, contributions: readonly Contribution[]): BigInt64Array {
  const decoded = contributions.map(({ file, weight }) => ({
    values: decodeUpdate(file, manifest, DENSE_I32),
    weight,
  }));
  const sums = referenceSum(manifest.d, decoded);
  if (sums.some((sum) => BigInt.asIntN(64, sum) !== sum)) throw new Error('a sum is too large');
  return BigInt64Array.from(sums);
}

/** First position where the two differ, or −1. */
function difference(a: BigInt64Array, b: BigInt64Array): number {
  return a.length === b.length ? a.findIndex((value, j) => value !== b[j]) : 0;
}

describe('Accumulator', () => {
  it.each([vectors.sums, vectors.extremeSums])('gives the sums of the vector', (vector) => {
    const accumulator = new Accumulator(manifestOf(sha256, vector.tensors), DENSE_I32);
    for (const { file, weight } of vector.contributions) {
      accumulator.add(fromHex(file), BigInt(weight));
    }
    expect([...accumulator.sums()]).toEqual(vector.sums.map(BigInt));
  });

  describe.each([1, 1023, 1024, 1025, 1_663_370])('D: exact sums of %d positions', (d) => {
    const manifest = manifestWith(d);
    const contributions = contributionsOf(manifest, d);
    let wanted: BigInt64Array;
    beforeAll(() => {
      wanted = reference(manifest, contributions);
    });

    it.each([4096, 65_536])('20 arrival orders, chunks of %d', (chunkPositions) => {
      const accumulator = new Accumulator(manifest, DENSE_I32, { chunkPositions });
      for (let seed = 0; seed < 20; seed++) {
        accumulator.reset();
        for (const { file, weight } of shuffled(contributions, seed)) {
          accumulator.add(file, weight);
        }
        expect(difference(accumulator.sums(), wanted), `seed ${seed}`).toBe(-1);
        expect(accumulator.sumWeight).toBe((1n << 22n) - 1n);
      }
    });

    it('mutants differ: weights ignored, one sign flipped, one update left out', () => {
      const [first, ...others] = contributions.map(({ file, weight }) => ({
        values: decodeUpdate(file, manifest, DENSE_I32).subarray(0, 1024),
        weight,
      }));
      const ignored = [first, ...others].map(({ values }) => ({ values, weight: 1n }));
      const flipped = [{ ...first, weight: -first.weight }, ...others];
      const head = wanted.subarray(0, 1024);
      for (const mutant of [ignored, flipped, others]) {
        const sums = BigInt64Array.from(referenceSum(head.length, mutant));
        expect(difference(head, sums)).toBeGreaterThanOrEqual(0);
      }
    });
  });

  it('refuses a weight below 1 and a sum of 2^22 before it adds anything', () => {
    const manifest = manifestWith(5);
    const accumulator = new Accumulator(manifest, DENSE_I32);
    const file = randomUpdate(manifest, 3);
    accumulator.add(file, 2n ** 22n - 1n);
    const before = accumulator.sums();
    expect(() => accumulator.add(file, 0n)).toThrow(RangeError);
    expect(() => accumulator.add(file, 1n)).toThrow(
      expect.objectContaining({ code: 'INTERNAL_OVERFLOW' }),
    );
    expect(accumulator.sums()).toEqual(before);
    accumulator.reset();
    expect(() => accumulator.add(file.subarray(0, -1), 1n)).toThrow(
      expect.objectContaining({ code: 'UPDATE_MALFORMED' }),
    );
    expect(accumulator.sums()).toEqual(new BigInt64Array(5));
    expect(accumulator.sumWeight).toBe(0n);
  });

  it('refuses chunks that cannot hold a block', () => {
    expect(() => new Accumulator(manifestWith(5), DENSE_I32, { chunkPositions: 1023 })).toThrow(
      RangeError,
    );
  });
});
