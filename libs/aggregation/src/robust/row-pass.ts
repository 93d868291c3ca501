import type { Manifest } from '../manifest.js';
import type { UpdateForm } from '../update-form.js';
import type { UpdateSource } from '../update-source.js';

/**
 * One pass over all updates of a round, row by row. `scales` holds C ÷ r of each update that the norm clip shortens
 * and 1 for the others; everything below sees the values after it.
 */
export type RowPass = { readonly scales: readonly number[] } & (
  | {
      /** result[i] += Σ v_i², or Σ (v_i − z)². */
      readonly kind: 'norms';
      readonly isCentred: boolean;
      /** n elements, 0 before the first row; lanes add to different ones. */
      readonly result: Float64Array;
    }
  | {
      /** result[i·n + j] += Σ v_i·v_j for i ≤ j, perhaps for other pairs too. */
      readonly kind: 'gram';
      /** n² elements, 0 before the first row; lanes add to different ones. */
      readonly result: Float64Array;
    }
  /** S = Σ weights[i]·v_i. */
  | { readonly kind: 'weigh'; readonly weights: readonly number[] }
  /** z += mean of v_i − z, where each difference is shortened by centreScales[i]; S = z. */
  | { readonly kind: 'moveCentre'; readonly centreScales: readonly number[] }
  /** S = the sum of the values of the ranks `from` to `to` at each position; with `halve` half of it, rounded down. */
  | { readonly kind: 'rank'; readonly from: number; readonly to: number; readonly halve: 0 | 1 }
  /** S = the sum of the `keep` values of `members` that are nearest to their median at each position. */
  | { readonly kind: 'closest'; readonly members: readonly number[]; readonly keep: number }
);

/** Where a pass reads and writes. Arrays may be shared by all lanes: they write disjoint parts. */
export interface PassPlace {
  readonly manifest: Manifest;
  readonly form: UpdateForm;
  /** The updates, inspected before. */
  readonly updates: readonly UpdateSource[];
  /** S, d int64; every position is written. */
  readonly sums: BigInt64Array;
  /** Centre of the round before, d int64; `moveCentre` changes it. */
  readonly z: BigInt64Array | undefined;
  readonly lane: number;
  readonly lanes: number;
}
