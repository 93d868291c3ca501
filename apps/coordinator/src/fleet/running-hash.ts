import type { Hash } from '@tallystick/kernel';

/** SHA-256 of a stream, computed off the event loop. */
export interface RunningHash {
  /** Takes a copy of `bytes`; resolves when more may come. */
  update(bytes: Uint8Array): Promise<void>;
  /** Ends the stream. */
  digest(): Promise<Hash>;
  /** Forgets an unfinished stream. */
  abort(): void;
}

/** Opens streams. */
export interface RunningHashes {
  open(): RunningHash;
}
