import { SeedStream } from '@tallystick/aggregation';
import { asHash } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Batches } from './batches.js';

const SEED = asHash('11'.repeat(32));

function take(rows: number, batchSize: number, count: number, seed = SEED): number[][] {
  const batches = new Batches(rows, batchSize, new SeedStream(sha256, seed));
  return Array.from({ length: count }, () => [...batches.next()]);
}

describe('Batches', () => {
  it('shows every row once per permutation and keeps the short last batch', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 45 }),
        (rows, size) => {
          const perPass = Math.ceil(rows / size);
          const batches = take(rows, size, 2 * perPass);
          for (const pass of [batches.slice(0, perPass), batches.slice(perPass)]) {
            const seen = pass.flat().toSorted((a, b) => a - b);
            expect(seen).toEqual(Array.from({ length: rows }, (_, row) => row));
            expect(pass.slice(0, -1).every((batch) => batch.length === size)).toBe(true);
          }
        },
      ),
    );
  });

  it('is a function of the seed: this vector is part of the format', () => {
    expect(take(10, 4, 4)).toEqual(take(10, 4, 4));
    expect(take(10, 4, 4)).toEqual([
      [6, 4, 2, 0],
      [7, 3, 9, 8],
      [5, 1],
      [2, 5, 3, 6],
    ]);
    expect(take(10, 4, 4, asHash('12'.repeat(32)))).not.toEqual(take(10, 4, 4));
  });

  it('makes a new permutation when one is used up', () => {
    const [first, second] = take(50, 50, 2);
    expect(second).not.toEqual(first);
  });
});
