import { FsBlobStore } from '@tallystick/blobs';
import { type Hash, TallyError } from '@tallystick/kernel';
import type { WorkerPool } from '../worker-pool.js';
import { SpoolSlots } from './spool-slots.js';
import { WorkerSpooledFile } from './worker-spooled-file.js';

/** Where an upload is spooled. */
export interface SpoolTarget {
  readonly path: string;
  /** Size of the complete file. */
  readonly bytes: number;
}

/** The slots of all files, untouched pages until they are used. */
export function spoolMemory({ slots, slotBytes }: SpoolShape): SharedArrayBuffer {
  return new SharedArrayBuffer(slots * slotBytes);
}

/** How much a spooler takes at once. */
export interface SpoolShape {
  /** Files open at once. */
  readonly files: number;
  readonly chunkBytes: number;
  /** Chunks in memory at once: more than `files`, for each may keep one while the others go on with the rest. */
  readonly slots: number;
  /** At least a chunk, and what comes before it when it lands here; a multiple of 8. */
  readonly slotBytes: number;
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
 * Takes uploads in: each chunk lands in shared memory, or is copied there; a worker hashes it in place and writes it.
 * Memory is `slots` × `slotBytes`, whatever the updates' size and number.
 */
export class WorkerSpooler {
  readonly #deps: SpoolerDeps;
  readonly #slots: SpoolSlots;
  /** By path; resolves when the file is let go of. */
  readonly #open = new Map<string, Promise<void>>();
  #nextFile = 0;

  constructor(deps: SpoolerDeps) {
    this.#deps = deps;
    this.#slots = new SpoolSlots(deps.memory, deps.shape.slotBytes);
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
    const { files, chunkBytes } = shape;
    if (this.#open.size >= files) {
      throw new TallyError('INTERNAL_OVERFLOW', { what: 'spooled files', limit: files });
    }
    const release = this.#take(target.path);
    const place = { ...target, chunkBytes };
    const own = { file: this.#nextFile++, place, slots: this.#slots, release };
    return WorkerSpooledFile.open({ pool, memory, folder, ...own });
  }

  /** Does a stored file still hash to its name? Rejects with STORE_BLOB_MISSING. */
  async isIntact(update: Hash): Promise<boolean> {
    const { pool, folder } = this.#deps;
    const path = new FsBlobStore({ folder }).path(update);
    return (await pool.run(pool.idlest(), 'hashFile', { ask: { path } })) === update;
  }

  #take(path: string): () => void {
    let closed = (): void => undefined;
    this.#open.set(path, new Promise((resolve) => (closed = resolve)));
    return () => {
      this.#open.delete(path);
      closed();
    };
  }
}
