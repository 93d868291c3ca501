import {
  Accumulator,
  addToTotals,
  encodeModel,
  encodeState,
  NO_TOTALS,
  sourceOf,
  takeStep,
  UpdateInspector,
} from '@tallystick/aggregation';
import { type Hash, type Sha256, TallyError, ZERO_HASH } from '@tallystick/kernel';
import type {
  BlobStore,
  Folder,
  FolderFactory,
  FoldResult,
  FoldSpec,
  Inspection,
  Weighted,
} from '@tallystick/rounds';
import { InOrder } from './in-order.js';
import { type FoldStart, loadStart } from './load-start.js';

/** What in-process folds need. */
export interface InProcessOptions {
  readonly blobs: BlobStore;
  readonly sha256: Sha256;
  /** Positions staged at once; never changes a result. */
  readonly chunkPositions?: number;
}

/** Folds on the calling thread, over any BlobStore: simulations, audits, tests. Same kernels as the workers. */
export class InProcessFolderFactory implements FolderFactory {
  readonly #options: InProcessOptions;

  constructor(options: InProcessOptions) {
    this.#options = options;
  }

  async open(spec: FoldSpec): Promise<InProcessFolder> {
    const start = await loadStart(this.#options.blobs, this.#options.sha256, spec);
    return new InProcessFolder(spec, { ...this.#options, start });
  }
}

/** One fold. After a failed `rebuild` the sums are unknown: only another `rebuild` and `close` are answered. */
export class InProcessFolder implements Folder {
  readonly #spec: FoldSpec;
  readonly #blobs: BlobStore;
  readonly #start: FoldStart;
  readonly #accumulator: Accumulator;
  readonly #inspector: UpdateInspector;
  readonly #order = new InOrder();
  #totals = NO_TOTALS;
  #phase: 'folding' | 'broken' | 'finished' | 'closed' = 'folding';

  constructor(spec: FoldSpec, deps: InProcessOptions & { readonly start: FoldStart }) {
    const { chunkPositions } = deps;
    this.#spec = spec;
    this.#blobs = deps.blobs;
    this.#start = deps.start;
    this.#inspector = UpdateInspector.of(deps.start.updates, spec.form);
    this.#accumulator = new Accumulator(
      deps.start.updates,
      spec.form,
      chunkPositions === undefined ? {} : { chunkPositions },
    );
  }

  async inspect(update: Hash): Promise<Inspection> {
    return this.#check(await this.#blobs.get(update));
  }

  add(contribution: Weighted): Promise<void> {
    return this.#order.run(async () => {
      this.#expectFolding();
      this.#fold(await this.#blobs.get(contribution.update), contribution);
    });
  }

  rebuild(contributions: readonly Weighted[]): Promise<void> {
    return this.#order.run(async () => {
      if (this.#phase !== 'broken') this.#expectFolding();
      this.#phase = 'broken';
      this.#accumulator.reset();
      this.#totals = NO_TOTALS;
      for (const contribution of contributions) {
        const bytes = await this.#blobs.get(contribution.update);
        const inspection = this.#check(bytes);
        if (!inspection.ok) throw new TallyError('UPDATE_MALFORMED', { reason: inspection.reason });
        this.#fold(bytes, contribution);
      }
      this.#resume();
    });
  }

  finish(): Promise<FoldResult> {
    return this.#order.run(() => {
      this.#expectFolding();
      this.#phase = 'finished';
      return this.#step();
    });
  }

  /** The raw sums so far, d int64: what auditors and tests compare. */
  sums(): Promise<BigInt64Array> {
    return this.#order.run(async () => this.#accumulator.sums());
  }

  async close(): Promise<void> {
    this.#phase = 'closed';
  }

  #check(bytes: Uint8Array): Inspection {
    const inspection = this.#inspector.inspect(sourceOf(bytes));
    return inspection.ok ? { ...inspection, bytes: bytes.length } : inspection;
  }

  #fold(bytes: Uint8Array, contribution: Weighted): void {
    const totals = addToTotals(this.#totals, contribution);
    this.#accumulator.add(bytes, contribution.weight);
    this.#totals = totals;
  }

  async #step(): Promise<FoldResult> {
    const { manifest, weights: model, state } = this.#start;
    const { strategy, cohort } = this.#spec;
    const { sumWeight } = this.#totals;
    const sums = this.#accumulator.sums();
    const step = takeStep({ manifest, model, sums, strategy, cohort, state, ...this.#totals });
    if (!step.ok) return { ok: false, code: 'ROUND_MODEL_NOT_FINITE' };
    const after = await this.#blobs.put(encodeModel(manifest, step.model));
    const stateAfter =
      step.state === undefined
        ? ZERO_HASH
        : await this.#blobs.put(encodeState(manifest, step.state));
    return { ok: true, model: after, state: stateAfter, sumWeight };
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
