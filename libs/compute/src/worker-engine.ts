import {
  type Choice,
  clipScale,
  type FoldFactors,
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
import type { FoldStart } from './load-start.js';
import type { InFold, StoredFile } from './tasks.js';
import type { WorkerPool } from './worker-pool.js';

/** Rows that the updates of one task have together: 64 KiB each, so a task lasts about 0.1 s (median of 100). */
const ROWS_PER_TASK = 4096;

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

  private constructor(spec: FoldSpec, deps: WorkerEngineDeps) {
    const { start, pool, chunkPositions } = deps;
    const { form } = spec;
    this.#spec = spec;
    this.#deps = deps;
    this.#shape = { manifest: start.updates, form, lanes: pool.size, chunkPositions };
    this.#memory = foldMemory(this.#shape);
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
    return this.#inspect(update, false);
  }

  inspectStored(update: Hash): Promise<Inspection> {
    return this.#inspect(update, true);
  }

  clear(): void {
    sumsOf(this.#memory, this.#shape.manifest).fill(0n);
  }

  add(part: Part): Promise<void> {
    return this.#add(part, undefined);
  }

  /** One lane of each file hashes it, each time another: so all are busy, when some files are under way at once. */
  async addStored(parts: readonly Part[]): Promise<void> {
    const { size } = this.#deps.pool;
    const running: Promise<void>[] = [];
    try {
      for (const [i, part] of parts.entries()) {
        if (running.length > size) await running.shift();
        running.push(this.#add(part, i % size));
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

  #inspect(update: Hash, isHashed: boolean): Promise<Inspection> {
    const { pool } = this.#deps;
    return pool.run(pool.idlest(), 'inspect', { ask: this.#file(update, isHashed) });
  }

  /** @param hashing the lane that hashes the file, when one is to: unless its length was asked for before */
  async #add({ update, weight }: Part, hashing: number | undefined): Promise<void> {
    const { pool } = this.#deps;
    const { clipNorm } = this.#spec;
    if (clipNorm === undefined) {
      return this.#fold(update, { weight, scale: 1 }, hashing);
    }
    const ask = this.#file(update, hashing !== undefined);
    const squared = await pool.run(pool.idlest(), 'squaredNorm', { ask });
    return this.#fold(update, { weight, scale: clipScale(clipNorm, squared) }, undefined);
  }

  async #fold(update: Hash, factors: FoldFactors, hashing: number | undefined): Promise<void> {
    await this.#deps.pool.everywhere('add', (lane) => ({
      ...this.#file(update, lane === hashing),
      ...factors,
    }));
  }

  #file(update: Hash, isHashed: boolean): InFold & StoredFile {
    const { fold, blobs } = this.#deps;
    return { fold, update, path: blobs.path(update), isHashed };
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
