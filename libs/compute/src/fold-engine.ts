import type { FoldTotals, Passes } from '@tallystick/aggregation';
import type { Hash } from '@tallystick/kernel';
import type { Inspection } from '@tallystick/rounds';

/** An update and how often it counts. */
export interface Part {
  readonly update: Hash;
  readonly weight: number;
}

/**
 * What a fold works with: the calling thread over any BlobStore, or worker threads over files. `Fold` calls one at a
 * time, but for `inspect` and `close`.
 */
export interface FoldEngine {
  /** The canonical check of an update that was hashed when it was stored. */
  inspect(update: Hash): Promise<Inspection>;
  /** The same, and the hash: STORE_BLOB_DAMAGED. */
  inspectStored(update: Hash): Promise<Inspection>;
  /** Sums back to 0. */
  clear(): void;
  /** sums += weight · update after the norm clip, for each of them. The updates were inspected before. */
  add(parts: readonly Part[]): Promise<void>;
  /** The same for updates that are hashed and checked on the way: STORE_BLOB_DAMAGED, UPDATE_MALFORMED. */
  addStored(parts: readonly Part[]): Promise<void>;
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
