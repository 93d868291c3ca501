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
