import { type Chunk, chunksOf, type Positions } from './chunk.js';
import { allocate, kernelsOver, type WasmMemory } from './kernels/kernels.js';
import { blockOffsets, type Manifest } from './manifest.js';
import { stagedUpdate } from './staged-update.js';
import type { UpdateForm } from './update-form.js';
import { refusalError, shiftsOf } from './update-head.js';
import { type UpdateInspection, UpdateInspector } from './update-inspector.js';
import { updateLayout, type UpdateLayout } from './update-layout.js';
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

/**
 * One worker's part of a fold: it reads updates chunk by chunk and adds those of its own blocks to the shared sums.
 * Lanes of one memory never write the same bytes, so they need no locks and any number of them gives the same sums.
 */
export class FoldLane {
  /** The positions of this lane's own blocks. */
  readonly positions: Positions;
  readonly #layout: UpdateLayout;
  readonly #stage: UpdateStage;
  readonly #inspector: UpdateInspector;
  readonly #offsets: Uint32Array;
  /** Of this lane's own blocks. */
  readonly #chunks: readonly Chunk[];

  constructor(shape: FoldShape, memory: WasmMemory, lane: number) {
    const { manifest, form, lanes, chunkPositions } = shape;
    if (!(lane >= 0 && lane < lanes)) throw new RangeError(`lane ${lane} of ${lanes}`);
    const layout = updateLayout(manifest, form);
    const at = 8 * manifest.d + lane * stageBytes(layout, chunkPositions);
    const kernels = kernelsOver(memory);
    this.#layout = layout;
    this.#stage = new UpdateStage(layout, memory, { at, kernels, chunkPositions });
    this.#inspector = new UpdateInspector(layout, this.#stage);
    this.#offsets = blockOffsets(manifest);
    const first = Math.floor((manifest.blocks * lane) / lanes);
    const end = Math.floor((manifest.blocks * (lane + 1)) / lanes);
    this.positions = { from: this.#offsets[first], to: this.#offsets[end] };
    this.#chunks = chunksOf(this.#offsets, { first, end }, chunkPositions);
  }

  /** The canonical check of a whole update. */
  inspect(source: UpdateSource): UpdateInspection {
    return this.#inspector.inspect(source);
  }

  /**
   * sums += weight · v at this lane's positions. The update was inspected before; a malformed head throws
   * UPDATE_MALFORMED before anything is added.
   */
  fold(source: UpdateSource, weight: number): void {
    const head = new Uint8Array(Math.min(this.#layout.headBytes, source.bytes));
    source.read(head, 0);
    const shifts = shiftsOf(head, source.bytes, this.#layout);
    const staged = stagedUpdate(this.#layout, this.#stage, source);
    for (const chunk of this.#chunks) {
      const fault = staged.load(chunk);
      if (fault !== undefined) throw refusalError(fault);
      this.#add(chunk, shifts, weight);
    }
  }

  #add(chunk: Chunk, shifts: Uint8Array, weight: number): void {
    const { bytesPerQ } = this.#layout.codec;
    const { kernels, q } = this.#stage;
    for (let block = chunk.firstBlock; block < chunk.endBlock; block++) {
      const from = this.#offsets[block];
      const count = this.#offsets[block + 1] - from;
      const pointer = q.byteOffset + bytesPerQ * (from - chunk.position);
      kernels.accumulate(8 * from, pointer, count, weight, shifts[block]);
    }
  }
}
