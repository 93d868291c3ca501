import { padTo8 } from '../bytes.js';
import { type Chunk, chunksOf } from '../fold-lane.js';
import { allocate, type WasmMemory } from '../kernels/kernels.js';
import { BLOCK_POSITIONS, blockOffsets, type Manifest } from '../manifest.js';
import { type RobustKernels, robustKernelsOver } from './robust-kernels.js';
import type { UpdateRows } from './row-pass.js';

/** Positions of one row: 64 KiB of q of every update. */
const ROW_POSITIONS = 16_384;
/** From one update's row to the next: 64 bytes more than it holds, so that rows do not alias in the cache. */
export const ROW_STRIDE: number = 4 * ROW_POSITIONS + 64;
/** The same for the values of one block; assembly/robust/gram.ts knows it. */
export const VALUE_STRIDE: number = 8 * BLOCK_POSITIONS + 64;
/** Kernels write whole groups of at most 16 positions. */
const OUT_BYTES = 8 * (ROW_POSITIONS + 16);

/** What a pass stages. */
export interface RowMemoryShape {
  readonly manifest: Manifest;
  /** Updates whose q are staged at once. */
  readonly rows: number;
  /** Updates whose values of one block are staged at once. */
  readonly values: number;
  /** Bytes that the pass uses for itself. */
  readonly extra?: number;
}

/** One block of a row. */
export interface RowBlock {
  readonly index: number;
  /** Its first position within the row. */
  readonly at: number;
  readonly count: number;
}

/** The linear memory of one lane of one pass: q of many updates, values of one block, results of one row. */
export class RowMemory {
  readonly memory: WasmMemory;
  readonly kernels: RobustKernels;
  /** All rows of the model. */
  readonly rows: readonly Chunk[];
  /** Pointer to the results of one row, int64. */
  readonly out: number;
  /** Pointer to the centre's part of one row, int64. */
  readonly centre: number;
  /** Pointer to the bytes that the pass uses for itself. */
  readonly extra: number;
  readonly #offsets: Uint32Array;
  readonly #values: number;

  constructor({ manifest, rows, values, extra = 0 }: RowMemoryShape) {
    this.#offsets = blockOffsets(manifest);
    this.rows = chunksOf(this.#offsets, { first: 0, end: manifest.blocks }, ROW_POSITIONS);
    this.#values = rows * ROW_STRIDE;
    this.out = this.#values + values * VALUE_STRIDE;
    this.centre = this.out + OUT_BYTES;
    this.extra = this.centre + OUT_BYTES;
    this.memory = allocate(this.extra + padTo8(extra));
    this.kernels = robustKernelsOver(this.memory);
  }

  /** Pointer to the q of the staged update `row`. */
  q(row: number): number {
    return row * ROW_STRIDE;
  }

  /** Pointer to the values of the staged update `row`. */
  values(row: number): number {
    return this.#values + row * VALUE_STRIDE;
  }

  /** The blocks of a row. */
  *blocks(row: Chunk): Generator<RowBlock> {
    for (let index = row.firstBlock; index < row.endBlock; index++) {
      const from = this.#offsets[index];
      yield { index, at: from - row.position, count: this.#offsets[index + 1] - from };
    }
  }

  /** Reads an update's q of `row` into the place of the staged update `into`. */
  read(update: UpdateRows, row: Chunk, into: number): void {
    update.read(new Uint8Array(this.memory.buffer, this.q(into), 4 * row.length), row.position);
  }

  /** The values of a block, clipped, of the update whose q are staged at `from`; returns their pointer. */
  widen(
    block: RowBlock,
    { shifts, scale }: { readonly shifts: Uint8Array; readonly scale: number },
    { from, to }: { readonly from: number; readonly to: number },
  ): number {
    const values = this.values(to);
    const q = this.q(from) + 4 * block.at;
    this.kernels.widen(q, values, block.count, 2 ** shifts[block.index]);
    if (scale !== 1) this.kernels.clip(values, block.count, scale);
    return values;
  }

  /** A view of the row's results or of its part of the centre. */
  integers(pointer: number, row: Chunk): BigInt64Array {
    return new BigInt64Array(this.memory.buffer, pointer, row.length);
  }
}
