import type { Hash } from '@tallystick/kernel';

/** A blob that can be read at any place. */
export interface BlobBytes {
  readonly bytes: number;
  /** Fills `into` with the bytes from `position` on; throws RangeError when the blob ends before. */
  read(into: Uint8Array, position: number): void;
}

/** Content-addressed bytes: an id is the SHA-256 of the content. */
export interface BlobStore {
  /** Stores durably before it resolves; storing the same bytes twice is harmless. The buffer stays the caller's. */
  put(bytes: Uint8Array): Promise<Hash>;
  /** All bytes, hash checked. Rejects with STORE_BLOB_MISSING or STORE_BLOB_DAMAGED. A fresh buffer. */
  get(id: Hash): Promise<Uint8Array>;
  /**
   * Calls `use` with the blob as it lies there, to be read in pieces: not hashed, that is left to the reader. Rejects with
   * STORE_BLOB_MISSING.
   */
  withBytes<T>(id: Hash, use: (blob: BlobBytes) => T): Promise<T>;
  has(id: Hash): Promise<boolean>;
}
