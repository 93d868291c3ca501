import type { Hash } from '@tallystick/kernel';
import { LIMITS } from '@tallystick/protocol';

/** What a spooler has to take at once. */
export const SPOOL_SHAPE = {
  files: LIMITS.uploadSlots,
  fileBytes: LIMITS.uploadSlotBytes,
  chunkBytes: LIMITS.chunkBytes,
};

/** Takes uploads to disk, off the event loop (compute's WorkerSpooler). */
export interface Spooler {
  /** Opens or reopens the file at `path` that will have `bytes`, once nobody else has it open. */
  open(target: { readonly path: string; readonly bytes: number }): Promise<SpooledFile>;
  /** Does a stored file still hash to its name? */
  isIntact(update: Hash): Promise<boolean>;
}

/** One upload, hashed and written as it comes. Calls come one after another. */
export interface SpooledFile {
  /** Bytes taken: whole chunks, or all of the file. */
  readonly offset: number;
  /**
   * Takes a copy of the next bytes, at most a chunk, before it returns. Undefined when more may come at once; else a
   * promise of that. Rejects with STORE_DISK_FULL.
   */
  append(bytes: Uint8Array): Promise<void> | undefined;
  /** Ends the complete file: its hash. When that is `update`, it is a durable blob by now; else discard it. */
  store(update: Hash): Promise<Hash>;
  /** Lets go of the file; whole chunks of a large one stay for the next `open`. Harmless when called twice. */
  close(): Promise<void>;
  /** Closes it and removes what is there. */
  discard(): Promise<void>;
}
