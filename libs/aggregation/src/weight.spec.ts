import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SUM_WEIGHT_LIMIT, weightOf, weightUnit } from './weight.js';

interface Vectors {
  units: { caps: string[]; unit: string }[];
  weights: { numExamples: string; cap: string; unit: string; weight: string }[];
}
const VECTORS = new URL('../../../test-vectors/numbers.json', import.meta.url);
const vectors: Vectors = JSON.parse(readFileSync(VECTORS, 'utf8'));

describe('weight rule', () => {
  it.each(vectors.units)('unit $unit for caps $caps', ({ caps, unit }) => {
    expect(weightUnit(caps.map(BigInt))).toBe(BigInt(unit));
  });

  it.each(vectors.weights)('$numExamples examples of cap $cap weigh $weight', (row) => {
    const [numExamples, cap, unit] = [row.numExamples, row.cap, row.unit].map(BigInt);
    expect(weightOf(numExamples, cap, unit)).toBe(BigInt(row.weight));
  });

  it('keeps every possible sum below 2^22, with the smallest such unit', () => {
    const caps = fc.array(fc.bigInt(0n, 2n ** 64n - 1n), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(caps, (all) => {
        const unit = weightUnit(all);
        const most = (u: bigint): bigint =>
          all.reduce((sum, cap) => sum + weightOf(2n ** 64n, cap, u), 0n);
        expect(most(unit)).toBeLessThan(SUM_WEIGHT_LIMIT);
        const halfFits = unit > 1n && most(unit / 2n) < SUM_WEIGHT_LIMIT;
        expect(halfFits).toBe(false);
      }),
    );
  });

  it('refuses a cohort that cannot be weighted and no examples', () => {
    expect(() => weightUnit(Array.from({ length: 2 ** 22 }, () => 1n))).toThrow(
      expect.objectContaining({ code: 'ROUND_WEIGHTS_TOO_LARGE' }),
    );
    expect(() => weightOf(0n, 5n, 1n)).toThrow(RangeError);
    expect(() => weightOf(1n, 5n, 0n)).toThrow(RangeError);
  });
});
