import { padTo8 } from './bytes.js';
import {
  type CodecKernels,
  codecKernels,
  type Kernels,
  type WasmMemory,
} from './kernels/kernels.js';
import type { UpdateLayout } from './update-layout.js';

/** The partial byte at a range's start, and what the bitmap kernels may read after its end. */
const BITMAP_SLACK = 16;

/** Bytes of memory that a stage takes. */
export function stageBytes({ codec, isSparse }: UpdateLayout, chunkPositions: number): number {
  const q = padTo8(codec.bytesPerQ * chunkPositions);
  return q + (isSparse ? q + bitmapBytes(chunkPositions) : 0);
}

function bitmapBytes(chunkPositions: number): number {
  return padTo8(Math.ceil(chunkPositions / 8)) + BITMAP_SLACK;
}

/** Part of a memory where the q of an update are staged chunk by chunk for the kernels. */
export class UpdateStage {
  readonly kernels: Kernels & CodecKernels;
  readonly chunkPositions: number;
  /** One q for each position of the chunk, little-endian, bytesPerQ each. */
  readonly q: Uint8Array;
  /** Of a sparse update: its bitmap's part for the chunk, and the q of the set positions. */
  readonly bitmap: Uint8Array;
  readonly packed: Uint8Array;

  /** @param place where its `stageBytes` begin, a multiple of 8 */
  constructor(
    { codec, isSparse }: UpdateLayout,
    { buffer }: WasmMemory,
    place: { readonly at: number; readonly kernels: Kernels; readonly chunkPositions: number },
  ) {
    const { at, kernels, chunkPositions } = place;
    const bytes = padTo8(codec.bytesPerQ * chunkPositions);
    const sparse = isSparse ? 1 : 0;
    this.kernels = { ...kernels, ...codecKernels(kernels, codec.bytesPerQ) };
    this.chunkPositions = chunkPositions;
    this.q = new Uint8Array(buffer, at, bytes);
    this.packed = new Uint8Array(buffer, at + bytes, sparse * bytes);
    const bitmapAt = at + (1 + sparse) * bytes;
    this.bitmap = new Uint8Array(buffer, bitmapAt, sparse * bitmapBytes(chunkPositions));
  }
}
