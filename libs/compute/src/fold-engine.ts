import type { FoldTotals, Passes } from '@tallystick/aggregation';
import type { Hash } from '@tallystick/kernel';
import type { Inspection } from '@tallystick/rounds';

/** An update and the integer weight that it is added with. */
export interface WeightedUpdate {
  readonly update: Hash;
  readonly weight: number;
}

/**
 * What a fold works with: the calling thread over any BlobStore, or worker threads over files. `Fold` calls one at a
 * time, but for `inspect` and `close`.
 */
export interface FoldEngine {
  inspect(update: Hash): Promise<Inspection>;
  /** Sums back to 0. */
  clear(): void;
  /** sums += weight · update, for each of them. */
  add(updates: readonly WeightedUpdate[]): Promise<void>;
  /** Makes ready for passes over these updates, which leave their result in the sums. */
  gather(updates: readonly Hash[]): Promise<Passes>;
  /** The server step over the sums; false when some value is not finite. */
  step(totals: FoldTotals): Promise<boolean>;
  /** Stores the model and the state after the step. */
  store(): Promise<{ readonly model: Hash; readonly state: Hash }>;
  /** A copy of the sums, d int64. */
  sums(): BigInt64Array;
  close(): Promise<void>;
}
