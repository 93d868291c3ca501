import type { NodeId } from '@tallystick/kernel';

/** A contribution as it was counted. */
export interface ScoredContribution {
  readonly node: NodeId;
  /** n of protocol.md §1.4; a round's sum stays below 2²². */
  readonly weight: number;
  /** d integers v in units of 2⁻³², |v| < 2⁴¹, as they were folded (after a clip); only read. */
  readonly values: Float64Array;
}

/** A committed round with everything its scores depend on. */
export interface ScoredRound {
  readonly round: number;
  /** The model it started from: d float32 in manifest order; only read. */
  readonly base: Float32Array;
  /** By node, ascending, none twice. An empty round has none. */
  readonly contributions: readonly ScoredContribution[];
  /** The models before `base` that differ from one another, newest first; at most HISTORY_CHANGES count. */
  readonly earlier: readonly Float32Array[];
}

/** Σ n of the round. */
export function sumWeight({ contributions }: ScoredRound): number {
  return contributions.reduce((sum, { weight }) => sum + weight, 0);
}
