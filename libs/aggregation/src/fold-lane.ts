import { padTo8 } from './bytes.js';
import { allocate, type Kernels, kernelsOver, type WasmMemory } from './kernels/kernels.js';
import { BLOCK_POSITIONS, blockOffsets, type Manifest } from './manifest.js';
import { blockFault, type Refusal } from './update-layout.js';

/** Positions staged at once: 256 KiB of q, as fast from page cache as 1 MiB (64 KiB is 25 % slower). */
export const CHUNK_POSITIONS = 65_536;

/** Half-open range of positions. */
export interface Positions {
  readonly from: number;
  readonly to: number;
}

/** Whole blocks that are staged and worked on together. Positions and lengths in elements. */
export interface Chunk {
  readonly firstBlock: number;
  /** One past the last block. */
  readonly endBlock: number;
  readonly position: number;
  readonly length: number;
}

/** How the positions of one fold are shared out. */
export interface FoldShape {
  readonly manifest: Manifest;
  /** Number of lanes; each owns a disjoint range of blocks. */
  readonly lanes: number;
  /** Upper bound of a chunk's length, at least 1,024. */
  readonly chunkPositions: number;
}

/** Memory for one fold: int64 sums of all d positions, then each lane's staging area. All zeros. */
export function foldMemory({ manifest, lanes, chunkPositions }: FoldShape): WasmMemory {
  return allocate(8 * manifest.d + lanes * padTo8(4 * chunkPositions));
}

/** The sums inside a fold's memory: a view, d elements. */
export function sumsOf(memory: WasmMemory, manifest: Manifest): BigInt64Array {
  return new BigInt64Array(memory.buffer, 0, manifest.d);
}

/**
 * One worker's part of a fold: it stages chunks of q and adds those of its own blocks to the shared sums. Lanes of
 * one memory never write the same bytes, so they need no locks and any number of them gives the same sums.
 * Not re-entrant: stage, then fold or check, then the next chunk.
 */
export class FoldLane {
  /** Chunks of this lane's own blocks. */
  readonly own: readonly Chunk[];
  /** The positions of this lane's own blocks. */
  readonly positions: Positions;
  /** Chunks of all blocks: what an inspection reads. */
  readonly all: readonly Chunk[];
  /** Where the q of a chunk go, little-endian i32; at least 4 · length bytes of it are used. */
  readonly staging: Uint8Array;
  readonly #kernels: Kernels;
  readonly #offsets: Uint32Array;

  constructor(shape: FoldShape, memory: WasmMemory, lane: number) {
    const { manifest, lanes, chunkPositions } = shape;
    if (chunkPositions < BLOCK_POSITIONS || !(lane >= 0 && lane < lanes)) {
      throw new RangeError(`lane ${lane} of ${lanes}, chunkPositions ${chunkPositions}`);
    }
    const bytes = padTo8(4 * chunkPositions);
    this.staging = new Uint8Array(memory.buffer, 8 * manifest.d + lane * bytes, bytes);
    this.#kernels = kernelsOver(memory);
    this.#offsets = blockOffsets(manifest);
    const { blocks } = manifest;
    const first = Math.floor((blocks * lane) / lanes);
    const end = Math.floor((blocks * (lane + 1)) / lanes);
    this.positions = { from: this.#offsets[first], to: this.#offsets[end] };
    this.own = chunksOf(this.#offsets, { first, end }, chunkPositions);
    this.all = chunksOf(this.#offsets, { first: 0, end: blocks }, chunkPositions);
  }

  /** sums += weight · q · 2^shift for the staged chunk. `shifts` has one byte per block of the model. */
  fold(chunk: Chunk, shifts: Uint8Array, weight: number): void {
    for (let block = chunk.firstBlock; block < chunk.endBlock; block++) {
      const from = this.#offsets[block];
      const count = this.#offsets[block + 1] - from;
      const q = this.staging.byteOffset + 4 * (from - chunk.position);
      this.#kernels.accumulate(8 * from, q, count, weight, shifts[block]);
    }
  }

  /** Why the staged chunk is not canonical (protocol.md §1.3), or undefined. */
  check(chunk: Chunk, shifts: Uint8Array): Refusal | undefined {
    for (let block = chunk.firstBlock; block < chunk.endBlock; block++) {
      const from = this.#offsets[block];
      const q = this.staging.byteOffset + 4 * (from - chunk.position);
      const max = this.#kernels.maxAbs(q, this.#offsets[block + 1] - from) >>> 0;
      const fault = blockFault(block, max, shifts[block]);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
}

/** Cuts a range of blocks into chunks of at most `chunkPositions`. */
export function chunksOf(
  offsets: Uint32Array,
  { first, end }: { first: number; end: number },
  chunkPositions: number,
): Chunk[] {
  const chunks: Chunk[] = [];
  let firstBlock = first;
  while (firstBlock < end) {
    const position = offsets[firstBlock];
    let endBlock = firstBlock + 1;
    while (endBlock < end && offsets[endBlock + 1] - position <= chunkPositions) endBlock++;
    chunks.push({ firstBlock, endBlock, position, length: offsets[endBlock] - position });
    firstBlock = endBlock;
  }
  return chunks;
}
