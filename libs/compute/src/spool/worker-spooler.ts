import { FsBlobStore } from '@tallystick/blobs';
import { type Hash, TallyError } from '@tallystick/kernel';
import type { WorkerPool } from '../worker-pool.js';
import { WorkerSpooledFile } from './worker-spooled-file.js';

/** Where an upload is spooled. */
export interface SpoolTarget {
  readonly path: string;
  /** Size of the complete file. */
  readonly bytes: number;
}

/** The slots of all files, untouched pages until they are used. */
export function spoolMemory({ files, fileBytes }: SpoolShape): SharedArrayBuffer {
  return new SharedArrayBuffer(files * fileBytes);
}

/** How much a spooler takes at once. */
export interface SpoolShape {
  /** Files open at once. */
  readonly files: number;
  /** Shared memory of each: at least two chunks, so that one can arrive while one is hashed and written. */
  readonly fileBytes: number;
  readonly chunkBytes: number;
}

/** What a spooler needs. */
export interface SpoolerDeps {
  readonly shape: SpoolShape;
  readonly pool: WorkerPool;
  /** As the workers have it: `spoolMemory(shape)`. */
  readonly memory: SharedArrayBuffer;
  /** Of the blob store that takes complete files over; on the file system of the spool. */
  readonly folder: string;
}

/**
 * Takes uploads in: the thread with the sockets copies each chunk once, into shared memory; a worker hashes it there
 * and writes it. Memory is `files` × `fileBytes`, whatever the updates' size.
 */
export class WorkerSpooler {
  readonly #deps: SpoolerDeps;
  /** Last given back, first taken: pages that are warm, and no more of them than uploads at once. */
  readonly #free: number[];
  /** By path; resolves when the file is let go of. */
  readonly #open = new Map<string, Promise<void>>();
  #nextFile = 0;

  constructor(deps: SpoolerDeps) {
    const { files } = deps.shape;
    this.#deps = deps;
    this.#free = Array.from({ length: files }, (_, i) => files - 1 - i);
  }

  /**
   * Opens or reopens a file, after whoever has it open has closed it: two writers could swap bytes that were hashed.
   * Rejects with INTERNAL_OVERFLOW when `files` are open.
   */
  async open(target: SpoolTarget): Promise<WorkerSpooledFile> {
    for (let busy = this.#open.get(target.path); busy; busy = this.#open.get(target.path)) {
      await busy;
    }
    const { pool, memory, folder, shape } = this.#deps;
    const { files, fileBytes, chunkBytes } = shape;
    const area = this.#free.pop();
    if (area === undefined) {
      throw new TallyError('INTERNAL_OVERFLOW', { what: 'spooled files', limit: files });
    }
    const release = this.#take(target.path, area);
    const slots = Math.floor(fileBytes / chunkBytes);
    const place = { ...target, chunkBytes, slots, slotsAt: area * fileBytes };
    return WorkerSpooledFile.open({ pool, memory, folder, file: this.#nextFile++, place, release });
  }

  /** Does a stored file still hash to its name? Rejects with STORE_BLOB_MISSING. */
  async isIntact(update: Hash): Promise<boolean> {
    const { pool, folder } = this.#deps;
    const path = new FsBlobStore({ folder }).path(update);
    return (await pool.run(pool.idlest(), 'hashFile', { ask: { path } })) === update;
  }

  #take(path: string, area: number): () => void {
    let closed = (): void => undefined;
    this.#open.set(path, new Promise((resolve) => (closed = resolve)));
    return () => {
      this.#open.delete(path);
      this.#free.push(area);
      closed();
    };
  }
}
