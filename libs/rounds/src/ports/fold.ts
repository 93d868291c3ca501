import type { Strategy } from '@tallystick/aggregation';
import type { Hash } from '@tallystick/kernel';

/** What a fold starts from: the model of the round, the optimizer state (zeros: none) and the server's strategy. */
export interface FoldSpec {
  readonly model: Hash;
  readonly state: Hash;
  readonly strategy: Strategy;
}

/** Answer of the canonical check of one stored update (protocol.md §1.3). */
export type Inspection =
  | { readonly ok: true; readonly bytes: number }
  | {
      readonly ok: false;
      readonly code: 'UPDATE_MALFORMED' | 'UPDATE_WRONG_SHAPE' | 'UPDATE_CODEC_UNSUPPORTED';
      readonly reason: string;
    };

/** Blobs the fold wrote. `ok: false`: the step would give a value that is not finite (protocol.md §1.1). */
export type FoldResult =
  | { readonly ok: true; readonly model: Hash; readonly state: Hash; readonly sumWeight: bigint }
  | { readonly ok: false; readonly code: 'ROUND_MODEL_NOT_FINITE' };

/** One contribution to fold. */
export interface Weighted {
  readonly update: Hash;
  readonly weight: bigint;
}

/**
 * The accumulator of one round. Ids in, ids out; bytes stay with the adapter. The sums are exact int64, so neither
 * the order of `add`, nor chunking, nor a rebuild can change a bit of the result.
 */
export interface Folder {
  /** Is the stored update canonical and of the model's shape? Never throws for bad bytes. */
  inspect(update: Hash): Promise<Inspection>;
  /** Adds weight · update. The update was inspected before. */
  add(update: Hash, weight: bigint): Promise<void>;
  /** Starts again from exactly these contributions (after a crash). */
  rebuild(contributions: readonly Weighted[]): Promise<void>;
  /** Takes the server step and stores model and state. Call once, with at least one contribution. */
  finish(): Promise<FoldResult>;
  /** Frees memory; harmless when called twice. */
  close(): Promise<void>;
}

/** Opens folds. */
export interface FolderFactory {
  open(spec: FoldSpec): Promise<Folder>;
}
