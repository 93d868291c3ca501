import type { Hash } from '@tallystick/kernel';

/** Content-addressed bytes: an id is the SHA-256 of the content. */
export interface BlobStore {
  /** Stores durably before it resolves; storing the same bytes twice is harmless. The buffer stays the caller's. */
  put(bytes: Uint8Array): Promise<Hash>;
  /** All bytes, hash checked. Rejects with STORE_BLOB_MISSING or STORE_BLOB_DAMAGED. A fresh buffer. */
  get(id: Hash): Promise<Uint8Array>;
  has(id: Hash): Promise<boolean>;
}
