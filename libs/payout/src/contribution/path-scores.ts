import { gradientProduct } from './exact-products.js';
import type { QuantisedGradient } from './quantised-gradient.js';
import { type ScoredRound, sumWeight } from './scored-round.js';

const NANO = 1_000_000_000n;
/** Binary places of an update's integers. */
const FRACTION_BITS = 32;

/**
 * φ_i = −(n_i ÷ W)·⟨gradient, Δ_i⟩ for every contribution, in nano-units of loss, rounded towards zero: an update cut
 * into parts of the same sign never gains by rounding. Integers throughout, so everybody gets the same ones.
 */
export function pathScores(round: ScoredRound, gradient: QuantisedGradient): bigint[] {
  const places = gradient.exponent + FRACTION_BITS;
  const up = 1n << BigInt(Math.max(0, -places));
  const down = BigInt(sumWeight(round)) << BigInt(Math.max(0, places));
  return round.contributions.map(({ weight, values }) => {
    return (-NANO * BigInt(weight) * gradientProduct(gradient.values, values) * up) / down;
  });
}
