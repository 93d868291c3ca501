import { concatBytes, type Hash, isTallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { SpooledFile, Spooler } from '../../fleet/spooler.js';
import type { SimBlobStore } from './sim-disk.js';

/** Spools as compute's WorkerSpooler does with files that fit one chunk: nothing is on disk before `store`. */
export class SimSpooler implements Spooler {
  readonly #blobs: SimBlobStore;
  /** Path → settles when whoever has it open lets go. */
  readonly #open = new Map<string, Promise<void>>();

  constructor(blobs: SimBlobStore) {
    this.#blobs = blobs;
  }

  async open({ path }: { readonly path: string }): Promise<SpooledFile> {
    for (let other = this.#open.get(path); other !== undefined; other = this.#open.get(path)) {
      await other;
    }
    let closed = (): void => undefined;
    const isClosed = new Promise<void>((resolve) => (closed = resolve));
    this.#open.set(path, isClosed);
    let isOpen = true;
    const close = (): Promise<void> => {
      if (isOpen) this.#open.delete(path);
      isOpen = false;
      closed();
      return Promise.resolve();
    };
    return this.#file(close);
  }

  async isIntact(update: Hash): Promise<boolean> {
    try {
      await this.#blobs.get(update);
      return true;
    } catch (error) {
      if (isTallyError(error, 'STORE_BLOB_DAMAGED')) return false;
      throw error;
    }
  }

  #file(close: () => Promise<void>): SpooledFile {
    let bytes: Uint8Array = new Uint8Array(0);
    return {
      get offset() {
        return bytes.length;
      },
      land: () => undefined,
      append: (piece) => {
        bytes = concatBytes(bytes, piece);
        return undefined;
      },
      store: async (update) => {
        const got = sha256(bytes);
        return got === update ? this.#blobs.put(bytes) : got;
      },
      close,
      discard: close,
    };
  }
}
