import { asNodeId } from '@tallystick/kernel';
import { SeededRandom } from '@tallystick/kernel/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { novelPart } from './novel-part.js';
import { pathGradient } from './path-gradient.js';
import { pathScores } from './path-scores.js';
import { quantiseGradient } from './quantised-gradient.js';
import type { ScoredRound } from './scored-round.js';
import type { Validation } from './validation.js';
import { modelAt, WeightedSum } from './weighted-sum.js';

const D = 40;
const UNIT = 2 ** 32;

/** L = ½·Σ a_j·(w_j − 1)²; its path integral is exact with one point, with three for cubes. */
const bowl: Validation = {
  gradientAt: (w) => Promise.resolve(Float64Array.from(w, (x, j) => (1 + (j % 3)) * (x - 1))),
  lossAt: (w) =>
    Promise.resolve(w.reduce((sum, x, j) => sum + ((1 + (j % 3)) * (x - 1) ** 2) / 2, 0)),
};

function roundOf(seed: number, rest: Partial<ScoredRound> = {}): ScoredRound {
  const random = new SeededRandom(seed);
  const numbers = (size: number): number[] =>
    Array.from({ length: D }, () => (random.unit() - 0.5) * size);
  return {
    round: 0,
    base: Float32Array.from(numbers(2)),
    contributions: [1, 2, 3].map((node) => ({
      node: asNodeId(node),
      weight: random.between(1, 900),
      values: Float64Array.from(numbers(0.5), (x) => Math.round(x * UNIT)),
    })),
    earlier: [numbers(2), numbers(2), numbers(2)].map((m) => Float32Array.from(m)),
    ...rest,
  };
}

const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n);

describe('pathScores', () => {
  it('of the path gradient sum to the fall of the loss', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const round = roundOf(seed);
      const total = new WeightedSum(D);
      for (const { values, weight } of round.contributions) total.add(values, weight);
      const after = modelAt(round.base, total.mean(), 1);
      const fall = (await bowl.lossAt(round.base)) - (await bowl.lossAt(after));
      const scores = pathScores(round, quantiseGradient(await pathGradient(round, bowl)));
      expect(Math.abs(Number(sum(scores)) / 1e9 - fall)).toBeLessThan(1e-5 * Math.abs(fall) + 1e-6);
    }
  });

  it('an update cut into parts that add up to it scores no more than it does', () => {
    const integer = fc.integer({ min: -(2 ** 38), max: 2 ** 38 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(integer, integer, fc.integer({ min: -500, max: 500 })), { minLength: 1 }),
        fc.integer({ min: 1, max: 1000 }),
        (rows, weight) => {
          const gradient = { exponent: 9, values: Int32Array.from(rows, ([, , q]) => q) };
          const whole = Float64Array.from(rows, ([v]) => v);
          const offset = Float64Array.from(rows, ([, e]) => e);
          const parts = [whole.map((v, j) => v + offset[j]), whole.map((v, j) => v - offset[j])];
          const base = new Float32Array(rows.length);
          const one = { node: asNodeId(0), weight: 2 * weight, values: whole };
          const two = parts.map((values, i) => ({ node: asNodeId(1 + i), weight, values }));
          const head = { round: 0, base, earlier: [] };
          const [single] = pathScores({ ...head, contributions: [one] }, gradient);
          const split = pathScores({ ...head, contributions: two }, gradient);
          const gain = sum(split) - single;
          const most = split.every((s) => s >= 0n) ? 0n : 2n;
          expect(gain >= -2n && gain <= most).toBe(true);
        },
      ),
    );
  });

  it('a doubled weight or update doubles, a turned sign turns; no rounding escapes a far exponent', () => {
    const { contributions, ...round } = roundOf(4);
    const [first] = contributions;
    const scoresOf = (values: Float64Array, exponent: number) =>
      pathScores(
        { ...round, contributions: [{ ...first, values }] },
        { exponent, values: Int32Array.from({ length: D }, (_, j) => j - 11) },
      )[0];
    const one = scoresOf(first.values, 0);
    expect(
      Number(
        scoresOf(
          first.values.map((v) => 2 * v),
          0,
        ) -
          2n * one,
      ),
    ).toBeCloseTo(0, -1);
    expect(
      scoresOf(
        first.values.map((v) => -v),
        0,
      ),
    ).toBe(-one);
    expect(scoresOf(first.values, 126)).toBe(0n);
    expect(Number(scoresOf(first.values, -64)) / (Number(one) * 2 ** 64)).toBeCloseTo(1, 6);
  });
});

describe('novelPart', () => {
  it('pays nothing for what public history holds, in any mixture', async () => {
    const round = roundOf(5);
    const history = [round.base, ...round.earlier];
    const changes = history
      .slice(1)
      .map((before, i) => Float64Array.from(before, (w, j) => history[i][j] - w));
    const replays = [changes[0], changes[2], changes[0].map((x, j) => 3 * x - changes[1][j])];
    const contributions = [
      ...replays.map((change, i) => ({
        node: asNodeId(10 + i),
        weight: 800,
        values: change.map((x) => Math.round(x * UNIT)),
      })),
    ];
    const path = await pathGradient(round, bowl);
    const scored = { ...round, contributions };
    const novel = pathScores(scored, quantiseGradient(novelPart(path, round)));
    const plain = pathScores(scored, quantiseGradient(path));
    for (const i of replays.keys()) {
      expect(Math.abs(Number(plain[i]))).toBeGreaterThan(1e6);
      expect(Math.abs(Number(novel[i]))).toBeLessThan(2000);
    }
  });

  it('takes the last five changes, skips one that repeats another, and is idempotent', async () => {
    const round = roundOf(6);
    const path = await pathGradient(round, bowl);
    const once = novelPart(path, round);
    const [first, second, third] = round.earlier;
    // base → first → second, and once more the same change: nothing new to remove.
    const again = first.map((w, j) => w - (round.base[j] - w));
    const repeated = { ...round, earlier: [first, again] };
    const alone = novelPart(path, { ...round, earlier: [first] });
    const both = novelPart(path, repeated);
    expect(Math.max(...both.map((x, j) => Math.abs(x - alone[j])))).toBeLessThan(1e-6);
    expect(Math.max(...novelPart(once, round).map((x, j) => Math.abs(x - once[j])))).toBeLessThan(
      1e-12,
    );
    const many = { ...round, earlier: [first, second, third, first, second, third, first] };
    expect(novelPart(path, many)).toEqual(
      novelPart(path, { ...many, earlier: many.earlier.slice(0, 5) }),
    );
    expect(novelPart(path, { ...round, earlier: [] })).toEqual(path);
  });
});
