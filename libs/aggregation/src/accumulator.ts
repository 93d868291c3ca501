import { TallyError } from '@tallystick/kernel';
import { CHUNK_POSITIONS } from './chunk.js';
import { FoldLane, foldMemory, sumsOf } from './fold-lane.js';
import type { WasmMemory } from './kernels/kernels.js';
import type { Manifest } from './manifest.js';
import type { UpdateForm } from './update-form.js';
import { sourceOf } from './update-source.js';
import { SUM_WEIGHT_LIMIT } from './weight.js';

/**
 * The exact weighted sum of a round: S_j = Σ n·v_j in int64 (protocol.md §1.5). Σ n < 2²² keeps |S_j| < 2⁶³, so no
 * addition can wrap and neither order nor chunking can change a bit.
 */
export class Accumulator {
  readonly #manifest: Manifest;
  readonly #memory: WasmMemory;
  readonly #lane: FoldLane;
  #sumWeight = 0n;

  /** @param options.chunkPositions positions staged at once, at least 1,024; never changes a result */
  constructor(
    manifest: Manifest,
    form: UpdateForm,
    options: { readonly chunkPositions?: number } = {},
  ) {
    const { chunkPositions = CHUNK_POSITIONS } = options;
    const shape = { manifest, form, lanes: 1, chunkPositions };
    this.#manifest = manifest;
    this.#memory = foldMemory(shape);
    this.#lane = new FoldLane(shape, this.#memory, 0);
  }

  /** Σ n of what was added. */
  get sumWeight(): bigint {
    return this.#sumWeight;
  }

  /**
   * Adds weight · update. The update was inspected before; a malformed head throws UPDATE_MALFORMED and a weight that
   * would reach Σ n = 2²² throws INTERNAL_OVERFLOW, both before anything is added.
   */
  add(update: Uint8Array, weight: bigint): void {
    const sumWeight = addWeight(this.#sumWeight, weight);
    const source = sourceOf(update);
    this.#lane.fold({ source, weight: Number(weight), scale: 1, isInspected: true });
    this.#sumWeight = sumWeight;
  }

  /** The sums so far: a copy, d int64. */
  sums(): BigInt64Array {
    return sumsOf(this.#memory, this.#manifest).slice();
  }

  /** Back to nothing added. */
  reset(): void {
    sumsOf(this.#memory, this.#manifest).fill(0n);
    this.#sumWeight = 0n;
  }
}

/** sum + weight; throws INTERNAL_OVERFLOW at 2²² and RangeError for a weight below 1. */
export function addWeight(sum: bigint, weight: bigint): bigint {
  if (weight < 1n) throw new RangeError(`weight is ${weight}, it must be at least 1`);
  if (sum + weight >= SUM_WEIGHT_LIMIT) {
    throw new TallyError('INTERNAL_OVERFLOW', {
      what: 'the sum of weights',
      limit: SUM_WEIGHT_LIMIT,
    });
  }
  return sum + weight;
}
