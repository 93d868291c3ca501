import { SUM_WEIGHT_LIMIT } from '../weight.js';
import { lengthOf } from './distances.js';
import type { Distances } from './krum.js';

/** Rounds of Weiszfeld's iteration. */
const ROUNDS = 8;

/**
 * Integer weights k_i whose weighted mean is near the geometric median of the updates (RFA, Pillutla et al. 2022):
 * eight rounds of Weiszfeld's iteration on nothing but distances. Of the weighted mean z of all updates,
 * |v_i − z|² = Σ_j k_j·D_ij ÷ W − Σ_i k_i·(Σ_j k_j·D_ij) ÷ (2·W²), W = Σ k.
 * @param weights n_i, which the iteration starts from
 */
export function geometricMedianWeights(
  { squared, n }: Distances,
  weights: readonly number[],
): number[] {
  const most = Math.floor((Number(SUM_WEIGHT_LIMIT) - 1) / n);
  let k = [...weights];
  for (let round = 0; round < ROUNDS; round++) {
    const sum = k.reduce((a, b) => a + b, 0);
    const spread = k.map((_, i) => {
      let total = 0;
      for (let j = 0; j < n; j++) total += k[j] * squared[i * n + j];
      return total / sum;
    });
    let mean = 0;
    for (let i = 0; i < n; i++) mean += k[i] * spread[i];
    mean = mean / sum / 2;
    const pulls = spread.map((each, i) => {
      const distance = each - mean;
      const length = distance > 0 ? lengthOf(distance) : 0;
      return weights[i] / Math.max(length, 1);
    });
    const strongest = pulls.reduce((a, b) => Math.max(a, b));
    k = pulls.map((pull) => Math.floor((pull / strongest) * most));
  }
  return k;
}
