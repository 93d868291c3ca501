import type { Chunk } from './chunk.js';
import { malformed, type Refusal } from './update-head.js';
import type { UpdateLayout } from './update-layout.js';
import type { UpdateSource } from './update-source.js';
import type { UpdateStage } from './update-stage.js';

/** One pass over the q of a file whose head was read before; at most a chunk of it is in memory. */
export interface StagedUpdate {
  /** Puts one q for each position of the chunk into the stage. Chunks come in ascending order, gaps allowed. */
  load(chunk: Chunk): Refusal | undefined;
  /** After the last chunk of a pass over the whole file: what is wrong beside the q. */
  end(): Refusal | undefined;
}

/** Begins a pass. */
export function stagedUpdate(
  layout: UpdateLayout,
  stage: UpdateStage,
  source: UpdateSource,
): StagedUpdate {
  if (layout.isSparse) return new SparseUpdate(layout, stage, source);
  const { bytesPerQ } = layout.codec;
  return {
    load: ({ position, length }) => {
      const into = stage.q.subarray(0, bytesPerQ * length);
      source.read(into, layout.qAt + bytesPerQ * position);
      return undefined;
    },
    end: () => undefined,
  };
}

/** The set bits before a chunk say where its q begin, so the pass counts as it goes. */
class SparseUpdate implements StagedUpdate {
  readonly #layout: UpdateLayout;
  readonly #stage: UpdateStage;
  readonly #source: UpdateSource;
  /** Set bits among the first `#position`. */
  #set = 0;
  #position = 0;

  constructor(layout: UpdateLayout, stage: UpdateStage, source: UpdateSource) {
    this.#layout = layout;
    this.#stage = stage;
    this.#source = source;
  }

  load({ position, length }: Chunk): Refusal | undefined {
    const before = this.#advanceTo(position);
    const set = this.#advanceTo(position + length) - before;
    if (this.#set > this.#layout.sent) return this.#wrongCount('more than');
    const { codec, qAt } = this.#layout;
    const { packed, bitmap, q, kernels } = this.#stage;
    this.#source.read(packed.subarray(0, codec.bytesPerQ * set), qAt + codec.bytesPerQ * before);
    kernels.expand(bitmap.byteOffset, position & 7, length, packed.byteOffset, q.byteOffset);
    return undefined;
  }

  end(): Refusal | undefined {
    const { manifest, headBytes, qAt, sent } = this.#layout;
    this.#advanceTo(manifest.d);
    if (this.#set !== sent) return this.#wrongCount(this.#set > sent ? 'more than' : 'fewer than');
    const lastByte = headBytes + (manifest.d >> 3);
    const tail = new Uint8Array(qAt - lastByte);
    this.#source.read(tail, lastByte);
    if (tail.length > 0) tail[0] >>= manifest.d & 7;
    return tail.some((byte) => byte !== 0)
      ? malformed('a bit after the last position of its bitmap is not 0')
      : undefined;
  }

  /** Counts the set bits up to `position`; the bitmap's last piece stays in the stage. Returns their number. */
  #advanceTo(position: number): number {
    const { bitmap, kernels, chunkPositions } = this.#stage;
    while (this.#position < position) {
      const from = this.#position;
      const to = Math.min(position, from + chunkPositions);
      const piece = bitmap.subarray(0, Math.ceil(to / 8) - (from >> 3));
      this.#source.read(piece, this.#layout.headBytes + (from >> 3));
      this.#set += kernels.countBits(bitmap.byteOffset, from & 7, to - from);
      this.#position = to;
    }
    return this.#set;
  }

  #wrongCount(word: string): Refusal {
    return malformed(`its bitmap has ${word} the ${this.#layout.sent} positions of its form`);
  }
}
