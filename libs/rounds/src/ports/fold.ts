import type { RobustRule, Strategy, UpdateForm } from '@tallystick/aggregation';
import type { Hash, NodeId } from '@tallystick/kernel';

/** What a fold starts from, and every rule by which it turns updates into the next model. */
export interface FoldSpec {
  /** The model of the round. */
  readonly model: Hash;
  /** The server's state; zeros: none yet. */
  readonly state: Hash;
  /** How an update file is encoded. */
  readonly form: UpdateForm;
  readonly strategy: Strategy;
  /** Replaces the weighted mean (protocol.md §1.8). */
  readonly robust?: RobustRule;
  /** Norm clip C, in units of 2⁻³². */
  readonly clipNorm?: number;
  /** Nodes of the cohort: SCAFFOLD's N. */
  readonly cohort: number;
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
  /** Robust rules order equals by it. */
  readonly node: NodeId;
  readonly update: Hash;
  readonly weight: bigint;
  /** Local steps τ behind the update: FedNova's; 1 where no rule looks at it. */
  readonly steps: number;
}

/**
 * The accumulator of one round. Ids in, ids out; bytes stay with the adapter. The sums are exact int64, so neither
 * the order of `add`, nor chunking, nor a rebuild can change a bit of the result.
 */
export interface Folder {
  /**
   * Is the stored update canonical and of the model's shape? Never throws for bad bytes. The store hashed them when they
   * came, so only those that are refused are hashed again: STORE_BLOB_DAMAGED.
   */
  inspect(update: Hash): Promise<Inspection>;
  /** Counts a contribution whose update was inspected before. */
  add(contribution: Weighted): Promise<void>;
  /** Starts again from exactly these contributions (after a crash), hashing and checking every update. */
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
