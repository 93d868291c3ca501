import { SeededRandom } from '@tallystick/kernel/testing';
import { describe, expect, it } from 'vitest';
import { auditPlan, type Draws } from './audit-plan.js';
import { sampledShapley, type Subset } from './sampled-shapley.js';

function drawsOf(seed: number): Draws {
  const random = new SeededRandom(seed);
  return { below: (n) => random.between(0, n - 1) };
}

function walk(
  permutations: readonly (readonly number[])[],
  lossOf: (subset: Subset) => number,
): { values: bigint[] | undefined; asked: Subset[] } {
  const asked: Subset[] = [];
  const steps = sampledShapley(permutations);
  let step = steps.next();
  while (step.done !== true) {
    asked.push(step.value);
    step = steps.next(lossOf(step.value));
  }
  return { values: step.value, asked };
}

const WORTH = [400_000_000, 0, -100_000_000, 250_000_000];
const additive = (subset: Subset): number =>
  1_000_000_000 - subset.reduce((sum, i) => sum + WORTH[i], 0);

describe('sampledShapley', () => {
  const [{ permutations }] = auditPlan(drawsOf(3), [4]);

  it('asks for nobody, then for all, then along the permutations', () => {
    const { asked } = walk(permutations, additive);
    expect(asked.slice(0, 3)).toEqual([[], [0, 1, 2, 3], permutations[0].slice(0, 1)]);
  });

  it('of an additive game it is near what each adds: only truncation is missing', () => {
    const { values } = walk(permutations, additive);
    for (const [i, value] of (values ?? []).entries()) {
      expect(Math.abs(Number(value) - WORTH[i])).toBeLessThan(0.2 * 400_000_000);
    }
    expect(values?.[1]).toBe(0n);
  });

  it('shares out the whole change when no permutation is left early', () => {
    const orders = [
      [0, 1, 2],
      [2, 0, 1],
    ];
    const superadditive = (subset: Subset): number =>
      900_000_000 - 100_000_000 * subset.length ** 2;
    const { values } = walk(orders, superadditive);
    expect(values).toEqual([200_000_000n, 400_000_000n, 300_000_000n]);
    expect(values?.reduce((a, b) => a + b)).toBe(900_000_000n);
  });

  it('leaves a permutation that has come within a hundredth', () => {
    const { asked } = walk([[0, 1, 2]], (subset) =>
      subset.includes(0) ? 995_000_000 : 2_000_000_000,
    );
    expect(asked).toEqual([[], [0, 1, 2], [0]]);
  });

  it('says nothing of a round that moved nothing', () => {
    const { values, asked } = walk(permutations, (subset) => (subset.length === 0 ? 100_000 : 0));
    expect(values).toBeUndefined();
    expect(asked).toHaveLength(2);
  });
});

describe('auditPlan', () => {
  it('audits one of every five rounds begun, anywhere, with permutations of its contributions', () => {
    const counts = [3, 4, 5, 6, 7, 8, 9];
    const seen = new Set<number>();
    for (let seed = 1; seed <= 60; seed++) {
      const plan = auditPlan(drawsOf(seed), counts);
      expect(plan).toHaveLength(2);
      expect([plan[0].index < 5, plan[1].index >= 5 && plan[1].index < 7]).toEqual([true, true]);
      for (const { index, permutations } of plan) {
        seen.add(index);
        expect(permutations).toHaveLength(30);
        for (const [m, order] of permutations.entries()) {
          expect(order.toSorted((a, b) => a - b)).toEqual([...Array(counts[index]).keys()]);
          expect(order[0]).toBe(m % counts[index]);
        }
      }
    }
    expect([...seen].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('follows from the draws alone', () => {
    expect(auditPlan(drawsOf(9), [5, 5])).toEqual(auditPlan(drawsOf(9), [5, 5]));
    expect(auditPlan(drawsOf(9), [5, 5])).not.toEqual(auditPlan(drawsOf(10), [5, 5]));
    expect(auditPlan(drawsOf(9), [])).toEqual([]);
  });
});
