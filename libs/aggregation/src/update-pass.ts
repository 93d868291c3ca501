import type { Chunk } from './chunk.js';
import { stagedUpdate } from './staged-update.js';
import { malformed, readHead, type Refusal } from './update-head.js';
import type { UpdateLayout } from './update-layout.js';
import type { UpdateSource } from './update-source.js';
import type { UpdateStage } from './update-stage.js';

/** One block of an update whose q are staged. */
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

/**
 * Goes through blocks of an update file in ascending order and checks on the way that they are canonical (protocol.md
 * §1.3): the head, with the last block what lies beside the q, and by what `visit` answers every block. Stops at the first
 * fault and returns it. Never throws for bad bytes; what the source throws passes through.
 * @param visit does its work on a block and returns the largest |q|, as the kernels tell it
 */
export function passOver(
  { layout, stage, offsets, chunks }: PassRange,
  source: UpdateSource,
  visit: (block: StagedBlock) => number,
): Refusal | undefined {
  const { codec, manifest } = layout;
  const head = new Uint8Array(Math.min(layout.headBytes, source.bytes));
  source.read(head, 0);
  const read = readHead(head, source.bytes, layout);
  if (!read.ok) return read;
  const staged = stagedUpdate(layout, stage, source);
  for (const chunk of chunks) {
    const unread = staged.load(chunk);
    if (unread !== undefined) return unread;
    for (let block = chunk.firstBlock; block < chunk.endBlock; block++) {
      const position = offsets[block];
      const q = stage.q.byteOffset + codec.bytesPerQ * (position - chunk.position);
      const shift = read.shifts[block];
      const max = visit({ position, count: offsets[block + 1] - position, q, shift }) >>> 0;
      if (max > codec.qMax) return malformed(`block ${block} holds the value −${codec.qMax + 1}`);
      if (shift > 0 && max < codec.leastShifted) {
        return malformed(`block ${block} has shift ${shift} where a smaller one holds its values`);
      }
    }
  }
  return chunks.at(-1)?.endBlock === manifest.blocks ? staged.end() : undefined;
}
