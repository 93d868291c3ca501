import { asHash, type Hash, TallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { BlobBytes, BlobStore } from '@tallystick/rounds';

/** Blobs in memory: simulations and tests. Holds at most `maxBytes` (1 GiB unless given), then INTERNAL_OVERFLOW. */
export class MemoryBlobStore implements BlobStore {
  readonly #blobs = new Map<Hash, Uint8Array>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(options: { readonly maxBytes?: number } = {}) {
    this.#maxBytes = options.maxBytes ?? 2 ** 30;
  }

  async put(bytes: Uint8Array): Promise<Hash> {
    const id = sha256(bytes);
    if (this.#blobs.has(id)) return id;
    if (this.#bytes + bytes.length > this.#maxBytes) {
      throw new TallyError('INTERNAL_OVERFLOW', {
        what: 'blobs in memory',
        limit: this.#maxBytes,
      });
    }
    this.#bytes += bytes.length;
    this.#blobs.set(id, Uint8Array.from(bytes));
    return id;
  }

  async get(id: Hash): Promise<Uint8Array> {
    return Uint8Array.from(this.#held(id));
  }

  async withBytes<T>(id: Hash, use: (blob: BlobBytes) => T): Promise<T> {
    const held = this.#held(id);
    return use({
      bytes: held.length,
      read: (into, position) => into.set(piece(held, position, into)),
    });
  }

  async has(id: Hash): Promise<boolean> {
    return this.#blobs.has(id);
  }

  #held(id: Hash): Uint8Array {
    const bytes = this.#blobs.get(asHash(id));
    if (bytes === undefined) throw new TallyError('STORE_BLOB_MISSING', { sha256: id });
    return bytes;
  }
}

function piece(held: Uint8Array, position: number, into: Uint8Array): Uint8Array {
  const end = position + into.length;
  if (end > held.length) throw new RangeError(`the blob ends at ${held.length}`);
  return held.subarray(position, end);
}
