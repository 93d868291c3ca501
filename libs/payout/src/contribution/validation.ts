import { MAX_LOSS_NANO } from './rules.js';

/** The loss L of the run's model on the public validation set, and its gradient. */
export interface ValidationGradient {
  /**
   * ∇L at `weights` (d float32 in manifest order, only read), mean over the set: d binary64, fresh, in loss units per
   * model unit. The same weights give the same bits on one engine. Values that are not finite are given as they are.
   */
  gradientAt(weights: Float32Array): Promise<Float64Array>;
}

/** The loss itself: what the sampled audit asks for. */
export interface ValidationLoss {
  /** L at `weights`, in loss units; Infinity where the model overflows. */
  lossAt(weights: Float32Array): Promise<number>;
}

/** Both: what the coordinator needs to settle by contribution. */
export interface Validation extends ValidationGradient, ValidationLoss {}

/** Loss units → whole nano-units, saturated at MAX_LOSS_NANO. */
export function nanoLoss(loss: number): number {
  if (!Number.isFinite(loss)) return MAX_LOSS_NANO;
  return Math.max(-MAX_LOSS_NANO, Math.min(MAX_LOSS_NANO, Math.round(loss * 1e9)));
}
