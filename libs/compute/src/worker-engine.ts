import {
  type Choice,
  type FoldShape,
  foldMemory,
  type Passes,
  type RowPass,
  sumsOf,
  type WasmMemory,
} from '@tallystick/aggregation';
import type { FsBlobStore } from '@tallystick/blobs';
import type { Hash } from '@tallystick/kernel';
import type { FoldSpec, Inspection } from '@tallystick/rounds';
import type { FoldEngine } from './fold-engine.js';
import type { FoldStart } from './load-start.js';
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
  readonly #deps: WorkerEngineDeps;
  readonly #shape: FoldShape;
  readonly #memory: WasmMemory;

  private constructor({ form }: FoldSpec, deps: WorkerEngineDeps) {
    const { start, pool, chunkPositions } = deps;
    this.#deps = deps;
    this.#shape = { manifest: start.manifest, form, lanes: pool.size, chunkPositions };
    this.#memory = foldMemory(this.#shape);
  }

  static async open(spec: FoldSpec, deps: WorkerEngineDeps): Promise<WorkerEngine> {
    const engine = new WorkerEngine(spec, deps);
    const { strategy } = spec;
    const { fold, start } = deps;
    const shared = { fold, shape: engine.#shape, memory: engine.#memory, strategy, start };
    await deps.pool.everywhere('open', (lane) => ({ ...shared, lane }));
    return engine;
  }

  inspect(update: Hash): Promise<Inspection> {
    const { pool, fold, blobs } = this.#deps;
    const ask = { fold, update, path: blobs.path(update) };
    return pool.run(pool.idlest(), 'inspect', { ask });
  }

  clear(): void {
    sumsOf(this.#memory, this.#shape.manifest).fill(0n);
  }

  async add(update: Hash, weight: number): Promise<void> {
    const { pool, fold, blobs } = this.#deps;
    await pool.everywhere('add', () => ({ fold, path: blobs.path(update), weight }));
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

  async step(sumWeight: bigint): Promise<boolean> {
    const { pool, fold } = this.#deps;
    const finite = await pool.everywhere('step', () => ({ fold, sumWeight }));
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
