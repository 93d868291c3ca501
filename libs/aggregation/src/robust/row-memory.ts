import { padTo8 } from '../bytes.js';
import { type Chunk, chunksOf } from '../chunk.js';
import { allocate, kernelsOver, type WasmMemory } from '../kernels/kernels.js';
import { BLOCK_POSITIONS, blockOffsets } from '../manifest.js';
import { stagedUpdate, type StagedUpdate } from '../staged-update.js';
import { refusalError, shiftsOf } from '../update-head.js';
import { updateLayout, type UpdateLayout } from '../update-layout.js';
import type { UpdateSource } from '../update-source.js';
import { stageBytes, UpdateStage } from '../update-stage.js';
import { type RobustKernels, robustKernelsOver, type Widen } from './robust-kernels.js';
import type { PassPlace } from './row-pass.js';

/** Positions of one row: 64 KiB of every update in codec i32. */
const ROW_POSITIONS = 16_384;
/** Between two rows: kernels read whole groups, and rows must not alias in the cache. */
const SLACK = 64;
/** From the values of one update's block to the next one's; assembly/robust/gram.ts knows it. */
export const VALUE_STRIDE: number = 8 * BLOCK_POSITIONS + SLACK;
/** Kernels write whole groups of at most 16 positions. */
const OUT_BYTES = 8 * (ROW_POSITIONS + 16);

/** What a pass stages. */
export interface RowMemoryShape {
  /** The updates that it reads. */
  readonly updates: readonly UpdateSource[];
  /** Are the q of all updates staged at once, or of one after another? */
  readonly isTogether: boolean;
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

/** An update on its way through the rows. */
interface Reading {
  /** e of every block of the model. */
  readonly shifts: Uint8Array;
  readonly staged: StagedUpdate;
  readonly stage: UpdateStage;
}

/** The linear memory of one lane of one pass: q of many updates, values of one block, results of one row. */
export class RowMemory {
  readonly memory: WasmMemory;
  readonly kernels: RobustKernels;
  /** All rows of the model. */
  readonly rows: readonly Chunk[];
  /** Bytes from one staged update's q to the next one's. */
  readonly stride: number;
  /** Pointer to the results of one row, int64. */
  readonly out: number;
  /** Pointer to the centre's part of one row, int64. */
  readonly centre: number;
  /** Pointer to the bytes that the pass uses for itself. */
  readonly extra: number;
  readonly #layout: UpdateLayout;
  readonly #offsets: Uint32Array;
  readonly #readings: readonly Reading[];
  readonly #widen: Widen;
  readonly #values: number;

  constructor({ manifest, form }: PassPlace, shape: RowMemoryShape) {
    const { updates, isTogether, values, extra = 0 } = shape;
    this.#layout = updateLayout(manifest, form);
    this.#offsets = blockOffsets(manifest);
    this.rows = chunksOf(this.#offsets, { first: 0, end: manifest.blocks }, ROW_POSITIONS);
    this.stride = stageBytes(this.#layout, ROW_POSITIONS) + SLACK;
    this.#values = this.stride * (isTogether ? updates.length : 1);
    this.out = this.#values + values * VALUE_STRIDE;
    this.centre = this.out + OUT_BYTES;
    this.extra = this.centre + OUT_BYTES;
    this.memory = allocate(this.extra + padTo8(extra));
    this.kernels = robustKernelsOver(this.memory);
    this.#widen = this.kernels[`widen${bitsOf(this.#layout.codec.bytesPerQ)}`];
    this.#readings = this.#begin(updates, isTogether);
  }

  /** Pointer to the q of update 0; those of update i follow at i · stride. */
  get q(): number {
    return this.#readings[0].stage.q.byteOffset;
  }

  /** Pointer to the values of the staged update `at`. */
  values(at: number): number {
    return this.#values + at * VALUE_STRIDE;
  }

  /** e of a block of update `i`. */
  shift(i: number, { index }: RowBlock): number {
    return this.#readings[i].shifts[index];
  }

  /** The blocks of a row. */
  *blocks(row: Chunk): Generator<RowBlock> {
    for (let index = row.firstBlock; index < row.endBlock; index++) {
      const from = this.#offsets[index];
      yield { index, at: from - row.position, count: this.#offsets[index + 1] - from };
    }
  }

  /** Reads the q of a row of update `i`. Rows come in ascending order, gaps allowed. */
  load(i: number, row: Chunk): void {
    const fault = this.#readings[i].staged.load(row);
    if (fault !== undefined) throw refusalError(fault);
  }

  /** The values of a block of the loaded update `i`, clipped, into the place `to`; returns their pointer. */
  widen(block: RowBlock, from: { readonly i: number; readonly scale: number }, to: number): number {
    const values = this.values(to);
    const { stage, shifts } = this.#readings[from.i];
    const q = stage.q.byteOffset + this.#layout.codec.bytesPerQ * block.at;
    this.#widen(q, values, block.count, 2 ** shifts[block.index]);
    if (from.scale !== 1) this.kernels.clip(values, block.count, from.scale);
    return values;
  }

  /** A view of the row's results or of its part of the centre. */
  integers(pointer: number, row: Chunk): BigInt64Array {
    return new BigInt64Array(this.memory.buffer, pointer, row.length);
  }

  #begin(updates: readonly UpdateSource[], isTogether: boolean): Reading[] {
    const kernels = kernelsOver(this.memory);
    const stageAt = (at: number): UpdateStage =>
      new UpdateStage(this.#layout, this.memory, { at, kernels, chunkPositions: ROW_POSITIONS });
    const shared = stageAt(0);
    return updates.map((update, i) => {
      const stage = isTogether ? stageAt(i * this.stride) : shared;
      const head = new Uint8Array(Math.min(this.#layout.headBytes, update.bytes));
      update.read(head, 0);
      return {
        shifts: shiftsOf(head, update.bytes, this.#layout),
        staged: stagedUpdate(this.#layout, stage, update),
        stage,
      };
    });
  }
}

function bitsOf(bytesPerQ: 4 | 2 | 1): 32 | 16 | 8 {
  if (bytesPerQ === 4) return 32;
  return bytesPerQ === 2 ? 16 : 8;
}
