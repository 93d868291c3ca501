import { chunksOf, type Positions } from './chunk.js';
import { allocate, kernelsOver, type WasmMemory } from './kernels/kernels.js';
import { blockOffsets, type Manifest } from './manifest.js';
import type { UpdateForm } from './update-form.js';
import { refusalError } from './update-head.js';
import { type UpdateInspection, UpdateInspector } from './update-inspector.js';
import { updateLayout } from './update-layout.js';
import { type PassItem, passOver, type PassRange } from './update-pass.js';
import type { UpdateSource } from './update-source.js';
import { stageBytes, UpdateStage } from './update-stage.js';

/** How the positions of one fold are shared out. */
export interface FoldShape {
  readonly manifest: Manifest;
  readonly form: UpdateForm;
  /** Number of lanes; each owns a disjoint range of blocks. */
  readonly lanes: number;
  /** Upper bound of a chunk's length, at least 1,024. */
  readonly chunkPositions: number;
}

/** Memory for one fold: int64 sums of all d positions, then each lane's stage. All zeros. */
export function foldMemory({ manifest, form, lanes, chunkPositions }: FoldShape): WasmMemory {
  const stage = stageBytes(updateLayout(manifest, form), chunkPositions);
  return allocate(8 * manifest.d + lanes * stage);
}

/** The sums inside a fold's memory: a view, d elements. */
export function sumsOf(memory: WasmMemory, manifest: Manifest): BigInt64Array {
  return new BigInt64Array(memory.buffer, 0, manifest.d);
}

/** How much an update counts. */
export interface FoldFactors {
  /** n: a whole number, at least 1. */
  readonly weight: number;
  /** C ÷ r of an update that the norm clip shortens (protocol.md §1.8); 1 for any other. */
  readonly scale: number;
}

/** An update to be added. */
export interface FoldItem extends FoldFactors {
  readonly source: UpdateSource;
  /** Was the whole update found canonical before? Then its blocks are not looked at again. */
  readonly isInspected: boolean;
}

/**
 * One worker's part of a fold: it reads updates chunk by chunk and adds those of its own blocks to the shared sums.
 * Lanes of one memory never write the same bytes, so they need no locks and any number of them gives the same sums.
 */
export class FoldLane {
  /** The positions of this lane's own blocks. */
  readonly positions: Positions;
  readonly #inspector: UpdateInspector;
  /** Of this lane's own blocks. */
  readonly #range: PassRange;

  constructor(shape: FoldShape, memory: WasmMemory, lane: number) {
    const { manifest, form, lanes, chunkPositions } = shape;
    if (!(lane >= 0 && lane < lanes)) throw new RangeError(`lane ${lane} of ${lanes}`);
    const layout = updateLayout(manifest, form);
    const at = 8 * manifest.d + lane * stageBytes(layout, chunkPositions);
    const kernels = kernelsOver(memory);
    const stage = new UpdateStage(layout, memory, { at, kernels, chunkPositions });
    this.#inspector = new UpdateInspector(layout, stage);
    const offsets = blockOffsets(manifest);
    const first = Math.floor((manifest.blocks * lane) / lanes);
    const end = Math.floor((manifest.blocks * (lane + 1)) / lanes);
    this.positions = { from: offsets[first], to: offsets[end] };
    this.#range = {
      layout,
      stage,
      offsets,
      chunks: chunksOf(offsets, { first, end }, chunkPositions),
    };
  }

  /** The canonical check of a whole update. */
  inspect(source: UpdateSource): UpdateInspection {
    return this.#inspector.inspect(source);
  }

  /** Σ v² of a whole update; see `UpdateInspector`. */
  squaredNorm(source: UpdateSource): number {
    return this.#inspector.squaredNorm(source);
  }

  /**
   * sums += weight · v' at this lane's positions, v' being v after the clip, for each of these updates. The head and, of
   * an update that is not inspected, this lane's blocks are checked in the same pass, so all lanes together check it: one
   * that is not canonical throws UPDATE_MALFORMED and leaves sums that nobody knows, unless its head says so already.
   */
  fold(...items: readonly FoldItem[]): void {
    const passes = items.map((item) => ({ source: item.source, visit: this.#adder(item) }));
    const fault = passOver(this.#range, passes);
    if (fault !== undefined) throw refusalError(fault);
  }

  #adder({ weight, scale, isInspected }: FoldItem): PassItem['visit'] {
    const { kernels } = this.#range.stage;
    const { bytesPerQ } = this.#range.layout.codec;
    const n = BigInt(weight);
    return ({ position, q, count, shift }) => {
      if (scale === 1) kernels.accumulate(8 * position, q, count, weight, shift);
      else kernels.accumulateClipped(8 * position, q, count, n, 2 ** shift, scale, bytesPerQ);
      return isInspected ? undefined : kernels.largest(q, count);
    };
  }
}
