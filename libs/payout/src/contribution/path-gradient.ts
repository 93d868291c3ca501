import type { ScoredRound } from './scored-round.js';
import type { ValidationGradient } from './validation.js';
import { modelAt, WeightedSum } from './weighted-sum.js';

/** Three-point Gauss–Legendre on [0, 1] (Abramowitz & Stegun 25.4.30): ½ ∓ ½√.6 and ½. */
const NODES = [0.1127016653792583, 0.5, 0.8872983346207417] as const;

/**
 * G = ∫₀¹ ∇L(g + t·U) dt, U the weighted mean of the round's updates: three backward passes, whatever the number of
 * nodes. −w_i⟨G, Δ_i⟩ is then node i's Aumann–Shapley value of the round (Aumann & Shapley 1974; as integrated
 * gradients: arXiv 1703.01365), and the values sum to L(g) − L(g + U).
 * @returns d binary64 in loss units per model unit
 */
export async function pathGradient(
  { base, contributions }: ScoredRound,
  validation: ValidationGradient,
): Promise<Float64Array> {
  const sum = new WeightedSum(base.length);
  for (const { values, weight } of contributions) sum.add(values, weight);
  const step = sum.mean();
  const gradients: Float64Array[] = [];
  for (const t of NODES) gradients.push(await validation.gradientAt(modelAt(base, step, t)));
  const [first, middle, last] = gradients;
  return first.map((g, j) => (5 * (g + last[j]) + 8 * middle[j]) / 18);
}
