import type { Hash } from '@tallystick/kernel';

/** SHA-256 of a stream, computed off the event loop (compute's HashStream). */
export interface RunningHash {
  /** Takes a copy of `bytes`; resolves when more may come. */
  update(bytes: Uint8Array): Promise<void>;
  /** Ends the stream. */
  digest(): Promise<Hash>;
  /** Forgets an unfinished stream; harmless after `digest`. */
  abort(): Promise<void>;
}

/** Opens streams, of nothing or of the first bytes of a file (compute's WorkerFolderFactory). */
export interface RunningHashes {
  hashStream(prefix?: { readonly path: string; readonly bytes: number }): Promise<RunningHash>;
}
