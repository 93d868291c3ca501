/** How the server turns an aggregate into the next model (protocol.md §1.6–1.7). Rates and betas as in the spec. */
export type Strategy =
  | { readonly kind: 'fedAvg' | 'scaffold' | 'fedNova'; readonly serverLearningRate: number }
  | { readonly kind: 'fedAvgM'; readonly serverLearningRate: number; readonly beta1: number }
  | {
      readonly kind: 'fedAdagrad';
      readonly serverLearningRate: number;
      readonly beta1: number;
      readonly tau: number;
    }
  | {
      readonly kind: 'fedAdam' | 'fedYogi';
      readonly serverLearningRate: number;
      readonly beta1: number;
      readonly beta2: number;
      readonly tau: number;
    };

/** Moments a strategy keeps between rounds, d float64 each. */
export interface OptimizerState {
  readonly m: Float64Array;
  /** Second moment; FedAvgM has none. */
  readonly v?: Float64Array;
}

/** Number of moments: 0 (no state blob), 1 (m) or 2 (m and v). */
export function momentsOf(kind: Strategy['kind']): 0 | 1 | 2 {
  if (kind === 'fedAvg' || kind === 'scaffold' || kind === 'fedNova') return 0;
  return kind === 'fedAvgM' ? 1 : 2;
}

/** The state before the first round: moments are 0 (not τ², unlike Reddi et al.); undefined for FedAvg. */
export function initialState(kind: Strategy['kind'], d: number): OptimizerState | undefined {
  const moments = momentsOf(kind);
  if (moments === 0) return undefined;
  const m = new Float64Array(d);
  return moments === 1 ? { m } : { m, v: new Float64Array(d) };
}

interface Rates {
  readonly serverLearningRate: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly tau?: number;
}

/** Throws RangeError naming the parameter: η finite > 0, 0 ≤ β < 1, τ ≥ 10⁻¹². */
export function checkStrategy(strategy: Strategy): void {
  const { serverLearningRate, beta1 = 0, beta2 = 0, tau = 1 }: Rates = strategy;
  if (!(serverLearningRate > 0 && serverLearningRate < Infinity)) {
    throw new RangeError(`serverLearningRate is ${serverLearningRate}, it must be above 0`);
  }
  if (!(beta1 >= 0 && beta1 < 1)) throw new RangeError(`beta1 is ${beta1}, not in [0, 1)`);
  if (!(beta2 >= 0 && beta2 < 1)) throw new RangeError(`beta2 is ${beta2}, not in [0, 1)`);
  if (!(tau >= 1e-12 && tau < Infinity)) throw new RangeError(`tau is ${tau}, below 1e-12`);
}
