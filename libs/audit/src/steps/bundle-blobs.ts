import { type Hash, TallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { BlobBytes, BlobStore } from '@tallystick/rounds';
import type { Blobs } from '../history.js';

/**
 * Blobs of the bundle as a store that keeps nothing: what a step puts is only hashed, because a model that agrees with
 * its header is the file that `checkFiles` found. So memory holds one model, one state and a piece of one update at a time.
 */
export class BundleBlobs implements BlobStore {
  readonly #blobs: Blobs;

  constructor(blobs: Blobs) {
    this.#blobs = blobs;
  }

  put(bytes: Uint8Array): Promise<Hash> {
    return Promise.resolve(sha256(bytes));
  }

  async get(id: Hash): Promise<Uint8Array> {
    const bytes = await this.#blobs.read(id);
    const got = sha256(bytes);
    if (got !== id) throw new TallyError('STORE_BLOB_DAMAGED', { sha256: id, got });
    return bytes;
  }

  withBytes<T>(id: Hash, use: (blob: BlobBytes) => T): Promise<T> {
    return this.#blobs.withBytes(id, use);
  }

  has(id: Hash): Promise<boolean> {
    return Promise.resolve(this.#blobs.facts(id) !== undefined);
  }
}
