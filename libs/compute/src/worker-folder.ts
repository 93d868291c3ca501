import {
  addToTotals,
  type FoldShape,
  foldMemory,
  NO_TOTALS,
  sumsOf,
  type WasmMemory,
} from '@tallystick/aggregation';
import type { FsBlobStore } from '@tallystick/blobs';
import { type Hash, TallyError } from '@tallystick/kernel';
import type { Folder, FoldResult, FoldSpec, Inspection, Weighted } from '@tallystick/rounds';
import { InOrder } from './in-order.js';
import type { FoldStart } from './load-start.js';
import type { WorkerPool } from './worker-pool.js';

/** What one worker fold needs. */
export interface WorkerFolderDeps {
  readonly pool: WorkerPool;
  readonly blobs: FsBlobStore;
  readonly fold: number;
  readonly start: FoldStart;
  readonly chunkPositions: number;
}

/**
 * One fold over the worker threads: each owns a disjoint range of blocks of the shared sums. `add`, `rebuild` and
 * `finish` run one after another, whatever the caller does; inspections run beside them.
 * After a failed `add` or `rebuild` the sums are unknown: only `rebuild` and `close` are answered.
 */
export class WorkerFolder implements Folder {
  readonly #deps: WorkerFolderDeps;
  readonly #shape: FoldShape;
  readonly #memory: WasmMemory;
  readonly #order = new InOrder();
  #totals = NO_TOTALS;
  #phase: 'folding' | 'broken' | 'finished' | 'closed' = 'folding';

  private constructor({ form }: FoldSpec, deps: WorkerFolderDeps) {
    const { start, pool, chunkPositions } = deps;
    this.#deps = deps;
    this.#shape = { manifest: start.updates, form, lanes: pool.size, chunkPositions };
    this.#memory = foldMemory(this.#shape);
  }

  static async open(spec: FoldSpec, deps: WorkerFolderDeps): Promise<WorkerFolder> {
    const folder = new WorkerFolder(spec, deps);
    await deps.pool.everywhere('open', (lane) => ({
      fold: deps.fold,
      shape: folder.#shape,
      memory: folder.#memory,
      lane,
      strategy: spec.strategy,
      cohort: spec.cohort,
      start: deps.start,
    }));
    return folder;
  }

  inspect(update: Hash): Promise<Inspection> {
    const { pool, fold, blobs } = this.#deps;
    const ask = { fold, update, path: blobs.path(update) };
    return pool.run(pool.idlest(), 'inspect', { ask });
  }

  add(contribution: Weighted): Promise<void> {
    return this.#order.run(async () => {
      this.#expectFolding();
      await this.#fold(contribution);
      this.#resume();
    });
  }

  rebuild(contributions: readonly Weighted[]): Promise<void> {
    return this.#order.run(async () => {
      if (this.#phase !== 'broken') this.#expectFolding();
      this.#phase = 'broken';
      sumsOf(this.#memory, this.#shape.manifest).fill(0n);
      this.#totals = NO_TOTALS;
      for (const contribution of contributions) {
        const inspection = await this.inspect(contribution.update);
        if (!inspection.ok) throw new TallyError('UPDATE_MALFORMED', { reason: inspection.reason });
        await this.#fold(contribution);
      }
      this.#resume();
    });
  }

  finish(): Promise<FoldResult> {
    return this.#order.run(async () => {
      this.#expectFolding();
      this.#phase = 'finished';
      const { pool, fold, blobs } = this.#deps;
      const totals = this.#totals;
      const finite = await pool.everywhere('step', () => ({ fold, totals }));
      if (!finite.every((ok) => ok)) return { ok: false, code: 'ROUND_MODEL_NOT_FINITE' };
      const ask = { fold, folder: blobs.folder };
      const stored = await pool.run(pool.idlest(), 'store', { ask });
      return { ok: true, ...stored, sumWeight: totals.sumWeight };
    });
  }

  /** The raw sums so far, d int64: what auditors and tests compare. */
  sums(): Promise<BigInt64Array> {
    return this.#order.run(async () => sumsOf(this.#memory, this.#shape.manifest).slice());
  }

  async close(): Promise<void> {
    if (this.#phase === 'closed' || this.#deps.pool.isClosed) return;
    this.#phase = 'closed';
    await this.#deps.pool.everywhere('close', () => ({ fold: this.#deps.fold }));
  }

  /** Leaves the fold broken until the caller resumes it. */
  async #fold(contribution: Weighted): Promise<void> {
    const { update, weight } = contribution;
    const totals = addToTotals(this.#totals, contribution);
    const { pool, fold, blobs } = this.#deps;
    const ask = { fold, path: blobs.path(update), weight: Number(weight) };
    // Some lanes may have added when another fails.
    this.#phase = 'broken';
    await pool.everywhere('add', () => ask);
    this.#totals = totals;
  }

  /** All is added; unless the fold was closed meanwhile. */
  #resume(): void {
    if (this.#phase === 'broken') this.#phase = 'folding';
  }

  #expectFolding(): void {
    if (this.#phase === 'folding') return;
    throw new TallyError('INTERNAL', { reason: `the fold is ${this.#phase}` });
  }
}
