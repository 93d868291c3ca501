import type { Strategy } from '../strategy.js';

/** One position of a model and its moments, all binary64. */
export interface ReferenceState {
  readonly x: number;
  readonly m: number;
  readonly v: number;
}

/**
 * One server step at one position in plain JavaScript, operation by operation as protocol.md §1.7 lists them.
 * `x` is not rounded to float32: that is the model file's affair. `Math.sqrt` is correct rounding in every engine we
 * met, but no standard says so; the product uses WebAssembly's `f64.sqrt`, and the vectors compare the two.
 * @param g the aggregate at this position, a real number
 */
export function referenceStep(strategy: Strategy, at: ReferenceState, g: number): ReferenceState {
  const { serverLearningRate: eta } = strategy;
  if (!('beta1' in strategy)) return { ...at, x: at.x + eta * g };
  const { beta1 } = strategy;
  if (strategy.kind === 'fedAvgM') {
    const m = beta1 * at.m + g;
    return { ...at, m, x: at.x + eta * m };
  }
  const m = beta1 * at.m + (1 - beta1) * g;
  const v = secondMoment(strategy, at.v, g * g);
  return { m, v, x: at.x + (eta * m) / (Math.sqrt(v) + strategy.tau) };
}

type Adaptive = Extract<Strategy, { tau: number }>;

function secondMoment(strategy: Adaptive, v: number, q: number): number {
  if (strategy.kind === 'fedAdagrad') return v + q;
  const c2 = 1 - strategy.beta2;
  if (strategy.kind === 'fedAdam') return strategy.beta2 * v + c2 * q;
  const t = c2 * q;
  if (v > q) return v - t;
  return v < q ? v + t : v;
}
