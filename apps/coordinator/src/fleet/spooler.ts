import type { Hash } from '@tallystick/kernel';
import { LIMITS } from '@tallystick/protocol';

/** What a spooler has to take at once. */
export const SPOOL_SHAPE = {
  files: LIMITS.uploadSlots,
  chunkBytes: LIMITS.chunkBytes,
  slots: LIMITS.chunkSlots,
  /** A whole frame lands in a slot: head length, head and chunk, in whole pages. */
  slotBytes: LIMITS.chunkBytes + LIMITS.maxHeadBytes + 4096,
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
  /** Where the next frame may land; a promise when it is worth asking again after it; undefined when none is to come. */
  land(): Landing | Promise<void> | undefined;
  /**
   * Takes the next bytes, at most a chunk: where they landed, or a copy of them. Undefined when it has them; else a promise
   * of that, which rejects with STORE_DISK_FULL.
   */
  append(bytes: Uint8Array): Promise<void> | undefined;
  /** Ends the complete file: its hash. When that is `update`, it is a durable blob by now; else discard it. */
  store(update: Hash): Promise<Hash>;
  /** Lets go of the file; whole chunks of a large one stay for the next `open`. Harmless when called twice. */
  close(): Promise<void>;
  /** Closes it and removes what is there. */
  discard(): Promise<void>;
}

/** Memory for a frame that is received. */
export interface Landing {
  /** Where it lands; look anew for each part of it: when the file is closed the rest lands elsewhere. */
  readonly bytes: Uint8Array;
  /** The frame was handled; whatever was not appended is gone. */
  done(): void;
}
