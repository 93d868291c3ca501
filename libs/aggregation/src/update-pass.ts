import type { Chunk } from './chunk.js';
import { type StagedUpdate, stagedUpdate } from './staged-update.js';
import { malformed, readHead, type Refusal } from './update-head.js';
import type { UpdateLayout } from './update-layout.js';
import type { UpdateSource } from './update-source.js';
import type { UpdateStage } from './update-stage.js';

/** One block of an update whose q are staged; only good until `visit` returns. */
export interface StagedBlock {
  /** Its first position in the model. */
  readonly position: number;
  readonly count: number;
  /** Pointer to its q. */
  readonly q: number;
  readonly shift: number;
}

/** Where a pass stages, and through which blocks it goes. */
export interface PassRange {
  readonly layout: UpdateLayout;
  readonly stage: UpdateStage;
  /** `blockOffsets` of the manifest. */
  readonly offsets: Uint32Array;
  /** Ascending. */
  readonly chunks: readonly Chunk[];
}

/** An update of a pass and what is done with its blocks. */
export interface PassItem {
  readonly source: UpdateSource;
  /** Works on a block; returns its largest |q| as the kernels tell it, or undefined when nobody doubts it. */
  readonly visit: (block: StagedBlock) => number | undefined;
}

/**
 * Goes through blocks of update files in ascending order, chunk by chunk through all of them, so that what a chunk's
 * blocks are added to stays in the cache. Checks on the way that they are canonical (protocol.md §1.3): the head, with
 * the last block what lies beside the q, and by what `visit` answers every block. Stops at the first fault and returns
 * it. Never throws for bad bytes; what a source throws passes through.
 */
export function passOver(range: PassRange, items: readonly PassItem[]): Refusal | undefined {
  const { layout, stage, chunks } = range;
  const reads: Reading[] = [];
  for (const { source, visit } of items) {
    const head = new Uint8Array(Math.min(layout.headBytes, source.bytes));
    source.read(head, 0);
    const read = readHead(head, source.bytes, layout);
    if (!read.ok) return read;
    reads.push({ visit, shifts: read.shifts, staged: stagedUpdate(layout, stage, source) });
  }
  for (const chunk of chunks) {
    for (const reading of reads) {
      const fault = reading.staged.load(chunk) ?? visitBlocks(range, chunk, reading);
      if (fault !== undefined) return fault;
    }
  }
  if (chunks.at(-1)?.endBlock !== layout.manifest.blocks) return undefined;
  for (const { staged } of reads) {
    const fault = staged.end();
    if (fault !== undefined) return fault;
  }
  return undefined;
}

interface Reading {
  readonly visit: PassItem['visit'];
  readonly shifts: Uint8Array;
  readonly staged: StagedUpdate;
}

/** The blocks of a chunk that is staged; one object tells of each in turn (a fresh one costs a tenth of the fold). */
function visitBlocks(
  { layout: { codec }, stage, offsets }: PassRange,
  chunk: Chunk,
  { visit, shifts }: Reading,
): Refusal | undefined {
  const { bytesPerQ, qMax, leastShifted } = codec;
  const first = stage.q.byteOffset - bytesPerQ * chunk.position;
  const staged = { position: 0, count: 0, q: 0, shift: 0 };
  for (let block = chunk.firstBlock; block < chunk.endBlock; block++) {
    const position = offsets[block];
    staged.position = position;
    staged.count = offsets[block + 1] - position;
    staged.q = first + bytesPerQ * position;
    staged.shift = shifts[block];
    const answer = visit(staged);
    if (answer === undefined) continue;
    const max = answer >>> 0;
    if (max > qMax) return malformed(`block ${block} holds the value −${qMax + 1}`);
    if (staged.shift > 0 && max < leastShifted) {
      return malformed(
        `block ${block} has shift ${staged.shift} where a smaller one holds its values`,
      );
    }
  }
  return undefined;
}
