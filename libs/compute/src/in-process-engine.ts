import {
  Accumulator,
  type Choice,
  chooseUpdates,
  encodeModel,
  encodeState,
  type FoldTotals,
  openPass,
  type Passes,
  type RowPass,
  sourceOf,
  takeStep,
  UpdateInspector,
  type UpdateSource,
} from '@tallystick/aggregation';
import { type Hash, TallyError, ZERO_HASH } from '@tallystick/kernel';
import type { BlobStore, FoldSpec, Inspection } from '@tallystick/rounds';
import type { FoldEngine, WeightedUpdate } from './fold-engine.js';
import type { FoldStart } from './load-start.js';

/** What an in-process fold needs. */
export interface InProcessDeps {
  readonly blobs: BlobStore;
  readonly start: FoldStart;
  readonly chunkPositions: number | undefined;
}

type Stepped = { readonly model: Float32Array; readonly state: FoldStart['state'] };

/** Folds on the calling thread. A rule over all updates holds their bytes in memory while it works. */
export class InProcessEngine implements FoldEngine {
  readonly #spec: FoldSpec;
  readonly #blobs: BlobStore;
  readonly #start: FoldStart;
  readonly #accumulator: Accumulator;
  readonly #inspector: UpdateInspector;
  /** The result of passes, once there were some. */
  #passed: BigInt64Array | undefined;
  #stepped: Stepped | undefined;

  constructor(spec: FoldSpec, { blobs, start, chunkPositions }: InProcessDeps) {
    this.#spec = spec;
    this.#blobs = blobs;
    this.#start = start;
    const options = chunkPositions === undefined ? {} : { chunkPositions };
    this.#inspector = UpdateInspector.of(start.updates, spec.form);
    this.#accumulator = new Accumulator(start.updates, spec.form, options);
  }

  async inspect(update: Hash): Promise<Inspection> {
    const bytes = await this.#blobs.get(update);
    const inspection = this.#inspector.inspect(sourceOf(bytes));
    return inspection.ok ? { ...inspection, bytes: bytes.length } : inspection;
  }

  clear(): void {
    this.#accumulator.reset();
  }

  async add(updates: readonly WeightedUpdate[]): Promise<void> {
    for (const { update, weight } of updates) {
      this.#accumulator.add(await this.#blobs.get(update), BigInt(weight));
    }
  }

  async gather(updates: readonly Hash[]): Promise<Passes> {
    const { updates: manifest, state } = this.#start;
    const { form } = this.#spec;
    const sources: UpdateSource[] = [];
    for (const update of updates) sources.push(sourceOf(await this.#blobs.get(update)));
    const sums = new BigInt64Array(manifest.d);
    this.#passed = sums;
    const place = { manifest, form, updates: sources, sums, z: state?.z, lane: 0, lanes: 1 };
    return {
      run: async (pass: RowPass): Promise<void> => {
        const lane = openPass(pass, place);
        lane.run({ from: 0, to: lane.rows });
      },
      choose: async (choice: Choice): Promise<number[]> => chooseUpdates(choice),
      zeros: (count: number): Float64Array => new Float64Array(count),
    };
  }

  async step(totals: FoldTotals): Promise<boolean> {
    const { manifest, weights: model, state } = this.#start;
    const sums = this.#passed ?? this.#accumulator.sums();
    const { strategy, cohort } = this.#spec;
    const result = takeStep({ manifest, model, sums, strategy, cohort, state, ...totals });
    if (!result.ok) return false;
    this.#stepped = result;
    return true;
  }

  async store(): Promise<{ readonly model: Hash; readonly state: Hash }> {
    if (this.#stepped === undefined)
      throw new TallyError('INTERNAL', { reason: 'no step was taken' });
    const { manifest } = this.#start;
    const { model, state } = this.#stepped;
    return {
      model: await this.#blobs.put(encodeModel(manifest, model)),
      state: state === undefined ? ZERO_HASH : await this.#blobs.put(encodeState(manifest, state)),
    };
  }

  sums(): BigInt64Array {
    return this.#passed?.slice() ?? this.#accumulator.sums();
  }

  async close(): Promise<void> {}
}
