import {
  type Choice,
  chooseUpdates,
  CHUNK_POSITIONS,
  clipScale,
  encodeModel,
  encodeState,
  FoldLane,
  foldMemory,
  type FoldTotals,
  openPass,
  type Passes,
  type RowPass,
  sourceOf,
  sumsOf,
  takeStep,
  type UpdateSource,
} from '@tallystick/aggregation';
import { type Hash, TallyError, ZERO_HASH } from '@tallystick/kernel';
import type { BlobStore, FoldSpec, Inspection } from '@tallystick/rounds';
import type { FoldEngine, Part } from './fold-engine.js';
import type { FoldStart } from './load-start.js';
import { inspectUpdate, readHashed } from './read-update.js';

/** What an in-process fold needs. */
export interface InProcessDeps {
  readonly blobs: BlobStore;
  readonly start: FoldStart;
  readonly chunkPositions: number | undefined;
}

type Stepped = { readonly model: Float32Array; readonly state: FoldStart['state'] };

/** Folds on the calling thread. A robust rule holds the bytes of all updates in memory while it works. */
export class InProcessEngine implements FoldEngine {
  readonly #spec: FoldSpec;
  readonly #blobs: BlobStore;
  readonly #start: FoldStart;
  readonly #lane: FoldLane;
  readonly #sums: BigInt64Array;
  #stepped: Stepped | undefined;

  constructor(spec: FoldSpec, { blobs, start, chunkPositions = CHUNK_POSITIONS }: InProcessDeps) {
    this.#spec = spec;
    this.#blobs = blobs;
    this.#start = start;
    const shape = { manifest: start.updates, form: spec.form, lanes: 1, chunkPositions };
    const memory = foldMemory(shape);
    this.#lane = new FoldLane(shape, memory, 0);
    this.#sums = sumsOf(memory, start.updates);
  }

  inspect(update: Hash): Promise<Inspection> {
    return this.#blobs.withBytes(update, (blob) => inspectUpdate(update, blob, this.#lane));
  }

  inspectStored(update: Hash): Promise<Inspection> {
    return this.#blobs.withBytes(update, (blob) =>
      readHashed(update, blob, (source) => inspectUpdate(update, source, this.#lane)),
    );
  }

  clear(): void {
    this.#sums.fill(0n);
  }

  async add(parts: readonly Part[]): Promise<void> {
    for (const { update, weight } of parts) {
      await this.#blobs.withBytes(update, (blob) => this.#fold(blob, weight, true));
    }
  }

  async addStored(parts: readonly Part[]): Promise<void> {
    for (const { update, weight } of parts) {
      await this.#blobs.withBytes(update, (blob) =>
        readHashed(update, blob, (source) => this.#fold(source, weight, false)),
      );
    }
  }

  async gather(updates: readonly Hash[]): Promise<Passes> {
    const { updates: manifest, state } = this.#start;
    const { form } = this.#spec;
    const sources: UpdateSource[] = [];
    for (const update of updates) sources.push(sourceOf(await this.#blobs.get(update)));
    const sums = this.#sums;
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
    const { strategy, cohort } = this.#spec;
    const rule = { strategy, cohort, ...totals };
    const result = takeStep({ manifest, model, sums: this.#sums, state, ...rule });
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
    return this.#sums.slice();
  }

  async close(): Promise<void> {}

  #fold(source: UpdateSource, weight: number, isInspected: boolean): void {
    const { clipNorm } = this.#spec;
    const scale = clipNorm === undefined ? 1 : clipScale(clipNorm, this.#lane.squaredNorm(source));
    this.#lane.fold({ source, weight, scale, isInspected });
  }
}
