import { concatBytes, type Hash, TallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { SpooledFile, Spooler } from '../fleet/spooler.js';

/** Spools into memory. Every second chunk has to wait a turn, as when the slots of a real spooler are full. */
export class MemorySpooler implements Spooler {
  /** Spooled bytes by path. */
  readonly files = new Map<string, Uint8Array>();
  readonly stored = new Map<Hash, Uint8Array>();
  /** Number of files that are open. */
  opened = 0;
  readonly blobs = {
    has: (id: Hash): Promise<boolean> => Promise.resolve(this.stored.has(id)),
    size: (id: Hash): Promise<number> => {
      const bytes = this.stored.get(id);
      if (bytes === undefined) throw new TallyError('STORE_BLOB_MISSING', { sha256: id });
      return Promise.resolve(bytes.length);
    },
  };

  open({ path }: { readonly path: string }): Promise<SpooledFile> {
    this.opened++;
    return Promise.resolve(this.#file(path));
  }

  isIntact(update: Hash): Promise<boolean> {
    const bytes = this.stored.get(update);
    return Promise.resolve(bytes !== undefined && sha256(bytes) === update);
  }

  #file(path: string): SpooledFile {
    let chunks = 0;
    let isOpen = true;
    const bytes = (): Uint8Array => this.files.get(path) ?? new Uint8Array();
    const close = (): Promise<void> => {
      if (isOpen) this.opened--;
      isOpen = false;
      return Promise.resolve();
    };
    return {
      get offset() {
        return bytes().length;
      },
      land: () => undefined,
      append: (piece) => {
        this.files.set(path, concatBytes(bytes(), piece));
        return ++chunks % 2 === 0 ? Promise.resolve() : undefined;
      },
      store: (update) => {
        const got = sha256(bytes());
        if (got === update) this.stored.set(update, bytes());
        if (got === update) this.files.delete(path);
        return Promise.resolve(got);
      },
      close,
      discard: () => {
        this.files.delete(path);
        return close();
      },
    };
  }
}
