import { rm } from 'node:fs/promises';
import type { Hash } from '@tallystick/kernel';
import type { WorkerPool } from '../worker-pool.js';
import { type Piece, slotsOf, type SpoolPlace } from './spool-tasks.js';

export interface SpooledFileDeps {
  readonly pool: WorkerPool;
  readonly memory: SharedArrayBuffer;
  readonly folder: string;
  readonly file: number;
  readonly place: SpoolPlace;
  /** Gives slots and path back; called once. */
  readonly release: () => void;
}

/**
 * One upload on its way to disk. Calls come one after another; `append` copies, so buffers stay the caller's. A file
 * that fits one chunk stays in its slot until `store`, which then is all that a worker is asked.
 */
export class WorkerSpooledFile {
  readonly #deps: SpooledFileDeps;
  readonly #slots: readonly Uint8Array[];
  readonly #worker: number;
  #offset = 0;
  #nextSlot = 0;
  /** Pieces that a worker has not answered for. */
  #busy = 0;
  #isOpen = false;
  /** All of a small file. */
  #whole: Piece | undefined;
  #fault: Error | undefined;
  readonly #waiting: (() => void)[] = [];
  #isClosed = false;

  private constructor(deps: SpooledFileDeps) {
    this.#deps = deps;
    this.#slots = slotsOf(deps.memory, deps.place);
    this.#worker = deps.pool.idlest();
  }

  static async open(deps: SpooledFileDeps): Promise<WorkerSpooledFile> {
    const opened = new WorkerSpooledFile(deps);
    const { bytes, chunkBytes } = deps.place;
    try {
      if (bytes > chunkBytes) opened.#offset = await opened.#openFile();
      return opened;
    } catch (error) {
      deps.release();
      throw error;
    }
  }

  /** Bytes taken: whole chunks, or all of the file. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * Takes the next bytes, at most a chunk. Undefined when more may come at once; else a promise of that, to be awaited
   * before the next call. Rejects with STORE_DISK_FULL, or with what else kept earlier bytes from the disk.
   */
  append(bytes: Uint8Array): Promise<void> | undefined {
    const slot = this.#nextSlot;
    const piece = { slot, bytes: bytes.length };
    this.#slots[slot]?.set(bytes);
    this.#offset += bytes.length;
    if (bytes.length === this.#deps.place.bytes) {
      this.#whole = piece;
      return undefined;
    }
    this.#nextSlot = (slot + 1) % this.#slots.length;
    this.#busy++;
    void this.#spool(piece);
    return this.#busy === this.#slots.length || this.#fault !== undefined
      ? this.#room()
      : undefined;
  }

  /** Ends the complete file: its hash. When that is `update`, it is a durable blob; else it stays, to be discarded. */
  async store(update: Hash): Promise<Hash> {
    const { pool, folder, file, place } = this.#deps;
    const whole = this.#whole;
    if (whole !== undefined) {
      const ask = { place, piece: whole, update, folder };
      return pool.run(pool.idlest(), 'spoolWhole', { ask });
    }
    await this.#idle();
    if (this.#fault !== undefined) throw this.#fault;
    this.#isOpen = false;
    return pool.run(this.#worker, 'spoolStore', { ask: { file, update, folder } });
  }

  /** Resolves when all that was taken is in the file, and lets go of it; what a small file had is gone. */
  close(): Promise<void> {
    return this.#end(() => Promise.resolve());
  }

  /** Closes the file and removes what is there of it, before anybody else can open it. */
  discard(): Promise<void> {
    return this.#end(() => rm(this.#deps.place.path, { force: true }));
  }

  async #end(last: () => Promise<void>): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { pool, file, release } = this.#deps;
    try {
      await this.#idle();
      if (this.#isOpen && !pool.isClosed) {
        await pool.run(this.#worker, 'spoolClose', { ask: { file } });
      }
      await last();
    } finally {
      release();
    }
  }

  async #openFile(): Promise<number> {
    const { pool, file, place } = this.#deps;
    this.#isOpen = true;
    return pool.run(this.#worker, 'spoolOpen', { ask: { file, place } });
  }

  async #spool(piece: Piece): Promise<void> {
    try {
      const { pool, file } = this.#deps;
      // Part of a small file: it goes the way of large ones.
      if (!this.#isOpen) await this.#openFile();
      await pool.run(this.#worker, 'spoolAppend', { ask: { file, piece } });
    } catch (error) {
      this.#fault ??= error instanceof Error ? error : new Error(String(error));
    }
    this.#busy--;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async #room(): Promise<void> {
    while (this.#busy === this.#slots.length) await this.#woken();
    if (this.#fault !== undefined) throw this.#fault;
  }

  async #idle(): Promise<void> {
    while (this.#busy > 0) await this.#woken();
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
