import { SeededRandom } from '@tallystick/kernel/testing';
import { expect, it } from 'vitest';
import { modelAt, WeightedSum } from './weighted-sum.js';

const LARGEST_V = 2 ** 41 - 1;
const D = 50;

function updates(seed: number): { values: Float64Array; weight: number }[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: 7 }, () => ({
    values: Float64Array.from({ length: D }, () => Math.round((2 * random.unit() - 1) * LARGEST_V)),
    weight: random.between(1, 2 ** 19),
  }));
}

function meanOf(list: readonly { values: Float64Array; weight: number }[]): Float64Array {
  const sum = new WeightedSum(D);
  for (const { values, weight } of list) sum.add(values, weight);
  return sum.mean();
}

it('the mean is f64(S) ÷ f64(W) · 2⁻³² of the exact sum, in any order', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const list = updates(seed);
    const weight = list.reduce((sum, each) => sum + each.weight, 0);
    const want = Float64Array.from({ length: D }, (_, j) => {
      const exact = list.reduce((sum, u) => sum + BigInt(u.weight) * BigInt(u.values[j]), 0n);
      return (Number(exact) / weight) * 2 ** -32;
    });
    expect(meanOf(list)).toEqual(want);
    expect(meanOf(list.toReversed())).toEqual(want);
  }
});

it('is zero while nothing was added', () => {
  expect(meanOf([])).toEqual(new Float64Array(D));
});

it('a model on the way is rounded to float32 once', () => {
  const base = Float32Array.of(0.1, -3);
  const step = Float64Array.of(1e-9, 0.25);
  expect(modelAt(base, step, 1)).toEqual(Float32Array.of(base[0] + 1e-9, -2.75));
  expect(modelAt(base, step, 0)).toEqual(base);
});
