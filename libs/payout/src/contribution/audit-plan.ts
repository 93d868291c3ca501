import { AUDIT_EVERY, PERMUTATIONS } from './rules.js';

/** Uniform whole numbers from public randomness that nobody knew before the rounds were committed. */
export interface Draws {
  /** An integer in [0, n), n from 1. */
  below(n: number): number;
}

/** One audited round: its index in the epoch and the orders in which its contributions are added. */
export interface PlannedAudit {
  readonly index: number;
  /** PERMUTATIONS lists of the indices of its contributions. */
  readonly permutations: readonly (readonly number[])[];
}

/**
 * Which rounds of an epoch are audited and how: of every five rounds begun one, where it falls and the permutations
 * drawn in this order. Guided sampling (GTG-Shapley, arXiv 2109.02053): permutation m starts with contribution m mod n.
 * @param counts contributions of each round that has any, in the order of the rounds
 */
export function auditPlan(draws: Draws, counts: readonly number[]): PlannedAudit[] {
  const plan: PlannedAudit[] = [];
  for (let from = 0; from < counts.length; from += AUDIT_EVERY) {
    const index = from + draws.below(Math.min(AUDIT_EVERY, counts.length - from));
    const permutations = Array.from({ length: PERMUTATIONS }, (_, m) => {
      const order = shuffled(draws, counts[index]);
      const first = order.indexOf(m % order.length);
      [order[0], order[first]] = [order[first], order[0]];
      return order;
    });
    plan.push({ index, permutations });
  }
  return plan;
}

/** Fisher–Yates, from the end. */
function shuffled(draws: Draws, n: number): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = draws.below(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
