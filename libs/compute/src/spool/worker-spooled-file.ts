import { rm } from 'node:fs/promises';
import type { Hash } from '@tallystick/kernel';
import type { WorkerPool } from '../worker-pool.js';
import type { SpoolSlots } from './spool-slots.js';
import type { Piece, SpoolPlace } from './spool-tasks.js';

export interface SpooledFileDeps {
  readonly pool: WorkerPool;
  readonly memory: SharedArrayBuffer;
  readonly slots: SpoolSlots;
  readonly folder: string;
  readonly file: number;
  readonly place: SpoolPlace;
  /** Gives the path back; called once. */
  readonly release: () => void;
}

/** Memory for the next piece, and for what comes with it. */
export interface Landing {
  /** A slot; other memory, with the same bytes, once the file was closed. */
  readonly bytes: Uint8Array;
  /** Gives it back, unless `append` has taken a piece of it. */
  done(): void;
}

/** Pieces of one file that a worker may have: one that it works on and one to go on with. */
const MAX_BUSY = 2;

/**
 * One upload on its way to disk. Calls come one after another. A file that fits one chunk stays in its slot until
 * `store`, which then is all that a worker is asked.
 */
export class WorkerSpooledFile {
  readonly #deps: SpooledFileDeps;
  readonly #worker: number;
  #offset = 0;
  /** Pieces that a worker has not answered for. */
  #busy = 0;
  #isOpen = false;
  #landing: { readonly at: number; bytes: Uint8Array; done(): void } | undefined;
  /** All of a small file, and the slot that it keeps. */
  #whole: { readonly piece: Piece; readonly slot: number } | undefined;
  #fault: Error | undefined;
  readonly #waiting: (() => void)[] = [];
  #isClosed = false;

  private constructor(deps: SpooledFileDeps) {
    this.#deps = deps;
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
   * Where the next piece may land; a promise when it is worth asking again after it; undefined when none is to come. One at
   * a time: the one before is done.
   */
  land(): Landing | Promise<void> | undefined {
    if (this.#isClosed || this.#offset === this.#deps.place.bytes) return undefined;
    if (this.#busy >= MAX_BUSY) return this.#woken();
    const { slots } = this.#deps;
    const at = slots.take();
    if (at === undefined) return slots.room();
    const landing = { at, bytes: slots.view(at), done: () => this.#drop(landing) };
    this.#landing = landing;
    return landing;
  }

  /**
   * Takes the next bytes, at most a chunk: where they landed, or a copy of them. Undefined when it has them; else a promise
   * of that, to be awaited before the next call and before the buffer is the caller's again. Rejects with STORE_DISK_FULL,
   * or with what else kept earlier bytes from the disk.
   */
  append(bytes: Uint8Array): Promise<void> | undefined {
    this.#offset += bytes.length;
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    const landing = this.#landing;
    if (landing === undefined || bytes.buffer !== this.#deps.memory) return this.#copy(bytes);
    this.#landing = undefined;
    this.#put({ at: bytes.byteOffset, bytes: bytes.length }, landing.at);
    return undefined;
  }

  /** Ends the complete file: its hash. When that is `update`, it is a durable blob; else it stays, to be discarded. */
  async store(update: Hash): Promise<Hash> {
    const { pool, folder, file, place } = this.#deps;
    const whole = this.#whole;
    if (whole !== undefined) {
      const ask = { place, piece: whole.piece, update, folder };
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
    const { pool, slots, file, release } = this.#deps;
    this.#evict();
    try {
      await this.#idle();
      if (this.#isOpen && !pool.isClosed) {
        await pool.run(this.#worker, 'spoolClose', { ask: { file } });
      }
      await last();
    } finally {
      if (this.#whole !== undefined) slots.give(this.#whole.slot);
      release();
    }
  }

  /** Whoever receives goes on in memory of its own. */
  #evict(): void {
    const landing = this.#landing;
    if (landing === undefined) return;
    landing.bytes = new Uint8Array(landing.bytes);
    this.#drop(landing);
  }

  #drop(landing: { readonly at: number }): void {
    if (this.#landing !== landing) return;
    this.#landing = undefined;
    this.#deps.slots.give(landing.at);
  }

  #copy(bytes: Uint8Array): Promise<void> | undefined {
    const { slots } = this.#deps;
    const slot = this.#busy < MAX_BUSY ? slots.take() : undefined;
    if (slot === undefined) return this.#copyLater(bytes);
    slots.view(slot).set(bytes);
    this.#put({ at: slot, bytes: bytes.length }, slot);
    return undefined;
  }

  async #copyLater(bytes: Uint8Array): Promise<void> {
    await (this.#busy < MAX_BUSY ? this.#deps.slots.room() : this.#woken());
    if (this.#fault !== undefined) throw this.#fault;
    await this.#copy(bytes);
  }

  /** A piece that lies in a slot, which goes back when it is written. */
  #put(piece: Piece, slot: number): void {
    if (piece.bytes === this.#deps.place.bytes) {
      this.#whole = { piece, slot };
      return;
    }
    this.#busy++;
    void this.#spool(piece, slot);
  }

  async #openFile(): Promise<number> {
    const { pool, file, place } = this.#deps;
    this.#isOpen = true;
    return pool.run(this.#worker, 'spoolOpen', { ask: { file, place } });
  }

  async #spool(piece: Piece, slot: number): Promise<void> {
    const { pool, slots, file } = this.#deps;
    try {
      // Part of a small file: it goes the way of large ones.
      if (!this.#isOpen) await this.#openFile();
      await pool.run(this.#worker, 'spoolAppend', { ask: { file, piece } });
    } catch (error) {
      this.#fault ??= error instanceof Error ? error : new Error(String(error));
    }
    this.#busy--;
    slots.give(slot);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async #idle(): Promise<void> {
    while (this.#busy > 0) await this.#woken();
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
