import {
  type Choice,
  clipScale,
  type FoldShape,
  foldMemory,
  type FoldTotals,
  type Passes,
  type RowPass,
  sumsOf,
  type WasmMemory,
} from '@tallystick/aggregation';
import type { FsBlobStore } from '@tallystick/blobs';
import type { Hash } from '@tallystick/kernel';
import type { FoldSpec, Inspection } from '@tallystick/rounds';
import type { FoldEngine, Part } from './fold-engine.js';
import { Inspections } from './inspections.js';
import type { FoldStart } from './load-start.js';
import type { FoldFile, StoredFile } from './tasks.js';
import type { WorkerPool } from './worker-pool.js';

/** Rows that the updates of one task have together: 64 KiB each, so a task lasts about 0.1 s (median of 100). */
const ROWS_PER_TASK = 4096;

/** Positions that the updates of one task have together, unless it is one update: about 20 ms of work. */
const POSITIONS_PER_TASK = 2 ** 25;
/** Small updates in one task: a message between threads costs as much as twenty of a thousand positions. */
const UPDATES_PER_TASK = 64;

/** What a fold in worker threads needs. */
export interface WorkerEngineDeps {
  readonly pool: WorkerPool;
  readonly blobs: FsBlobStore;
  readonly fold: number;
  readonly start: FoldStart;
  readonly chunkPositions: number;
}

/**
 * A fold over the worker threads: each owns a disjoint range of blocks of the shared sums, or, in passes over all
 * updates, its own rows, updates or pairs.
 */
export class WorkerEngine implements FoldEngine {
  readonly #spec: FoldSpec;
  readonly #deps: WorkerEngineDeps;
  readonly #shape: FoldShape;
  readonly #memory: WasmMemory;
  /** Updates that one task takes. */
  readonly #batch: number;
  readonly #inspections: Inspections;

  private constructor(spec: FoldSpec, deps: WorkerEngineDeps) {
    const { start, pool, chunkPositions } = deps;
    const { form } = spec;
    this.#spec = spec;
    this.#deps = deps;
    this.#shape = { manifest: start.updates, form, lanes: pool.size, chunkPositions };
    this.#memory = foldMemory(this.#shape);
    const fitting = Math.floor(POSITIONS_PER_TASK / start.updates.d);
    this.#batch = Math.max(1, Math.min(UPDATES_PER_TASK, fitting));
    this.#inspections = new Inspections(deps, this.#batch);
  }

  static async open(spec: FoldSpec, deps: WorkerEngineDeps): Promise<WorkerEngine> {
    const engine = new WorkerEngine(spec, deps);
    const { strategy, cohort } = spec;
    const { fold, start } = deps;
    const shared = { fold, shape: engine.#shape, memory: engine.#memory, strategy, cohort, start };
    await deps.pool.everywhere('open', (lane) => ({ ...shared, lane }));
    return engine;
  }

  inspect(update: Hash): Promise<Inspection> {
    return this.#inspections.ask(this.#file(update, false));
  }

  async inspectStored(update: Hash): Promise<Inspection> {
    const { pool, fold } = this.#deps;
    const ask = { fold, files: [this.#file(update, true)] };
    const [inspection] = await pool.run(pool.idlest(), 'inspect', { ask });
    if (inspection === undefined) throw new RangeError('a worker answered nothing');
    return inspection;
  }

  clear(): void {
    sumsOf(this.#memory, this.#shape.manifest).fill(0n);
  }

  async add(parts: readonly Part[]): Promise<void> {
    const { pool, fold } = this.#deps;
    for (let from = 0; from < parts.length; from += this.#batch) {
      const piece = parts.slice(from, from + this.#batch);
      const files = await Promise.all(piece.map((part) => this.#clipped(part, false)));
      await pool.everywhere('add', () => ({ fold, files }));
    }
  }

  /** One lane of each file hashes it, each time another: so all are busy, when some files are under way at once. */
  async addStored(parts: readonly Part[]): Promise<void> {
    const { size } = this.#deps.pool;
    const running: Promise<void>[] = [];
    try {
      for (const [i, part] of parts.entries()) {
        if (running.length > size) await running.shift();
        running.push(this.#addStored(part, i % size));
      }
      await Promise.all(running);
    } finally {
      await Promise.allSettled(running); // none may write any longer
    }
  }

  async gather(updates: readonly Hash[]): Promise<Passes> {
    const { pool, fold, blobs } = this.#deps;
    const paths = updates.map((update) => blobs.path(update));
    await pool.everywhere('gather', () => ({ fold, paths }));
    return {
      run: (pass: RowPass) => this.#pass(pass, updates.length),
      choose: (choice: Choice) => pool.run(pool.idlest(), 'choose', { ask: choice }),
      zeros: (count: number) => new Float64Array(new SharedArrayBuffer(8 * count)),
    };
  }

  async step(totals: FoldTotals): Promise<boolean> {
    const { pool, fold } = this.#deps;
    const finite = await pool.everywhere('step', () => ({ fold, totals }));
    return finite.every((ok) => ok);
  }

  store(): Promise<{ readonly model: Hash; readonly state: Hash }> {
    const { pool, fold, blobs } = this.#deps;
    return pool.run(pool.idlest(), 'store', { ask: { fold, folder: blobs.folder } });
  }

  sums(): BigInt64Array {
    return sumsOf(this.#memory, this.#shape.manifest).slice();
  }

  async close(): Promise<void> {
    const { pool, fold } = this.#deps;
    if (!pool.isClosed) await pool.everywhere('close', () => ({ fold }));
  }

  /** @param hashing the lane that hashes the file, unless the norm's pass has done it */
  async #addStored(part: Part, hashing: number): Promise<void> {
    const { pool, fold } = this.#deps;
    const file = await this.#clipped(part, true);
    const isUnhashed = this.#spec.clipNorm === undefined;
    await pool.everywhere('addStored', (lane) => ({
      ...{ fold, ...file },
      isHashed: isUnhashed && lane === hashing,
    }));
  }

  /** The file and its factors; a clip reads it for its norm. */
  async #clipped({ update, weight }: Part, isHashed: boolean): Promise<FoldFile> {
    const { pool, fold } = this.#deps;
    const { clipNorm } = this.#spec;
    const file = this.#file(update, false);
    if (clipNorm === undefined) return { ...file, weight, scale: 1 };
    const ask = { fold, ...file, isHashed };
    const squared = await pool.run(pool.idlest(), 'squaredNorm', { ask });
    return { ...file, weight, scale: clipScale(clipNorm, squared) };
  }

  #file(update: Hash, isHashed: boolean): StoredFile {
    return { update, path: this.#deps.blobs.path(update), isHashed };
  }

  /** A pass in pieces, so that a worker gets to its other tasks between them. */
  async #pass(pass: RowPass, updates: number): Promise<void> {
    const { pool, fold } = this.#deps;
    const [rows = 0] = await pool.everywhere('openPass', () => ({ fold, pass }));
    const step = Math.max(pool.size, Math.floor(ROWS_PER_TASK / updates));
    for (let from = 0; from < rows; from += step) {
      const piece = { from, to: Math.min(from + step, rows) };
      await pool.everywhere('runPass', () => ({ fold, rows: piece }));
    }
  }
}
