import type { Chunk, Positions } from '../chunk.js';
import type { Codec } from '../codec.js';
import { blockOffsets } from '../manifest.js';
import { FRACTION_BITS, writeHead } from '../update-head.js';
import { HEADER_BYTES, type UpdateLayout } from '../update-layout.js';
import type { Change } from './change.js';
import type { EncodeStage } from './encode-stage.js';
import type { RoundingKey } from './rounding.js';
import type { Threshold } from './top-positions.js';

/** What one encoding works with. */
export interface EncoderParts {
  readonly stage: EncodeStage;
  readonly change: Change;
  /** Of a sparse form. */
  readonly threshold: Threshold | undefined;
  readonly key: RoundingKey;
  readonly keepsResidual: boolean;
}

/** Writes an update file, and what it leaves, chunk by chunk. */
export class Encoder {
  readonly file: Uint8Array<ArrayBuffer>;
  readonly residual: Float32Array | undefined;
  readonly #layout: UpdateLayout;
  readonly #parts: EncoderParts;
  readonly #offsets: Uint32Array;
  /** q in the file so far. */
  #written = 0;

  constructor(layout: UpdateLayout, parts: EncoderParts) {
    const { manifest } = layout;
    this.file = writeHead(layout, new Uint8Array(manifest.blocks));
    this.residual = parts.keepsResidual ? new Float32Array(manifest.d) : undefined;
    this.#layout = layout;
    this.#parts = parts;
    this.#offsets = blockOffsets(manifest);
    parts.stage.ties[0] = parts.threshold?.ties ?? 0;
  }

  /** The chunks of the whole model, in order. */
  add(chunk: Chunk): void {
    const { change, threshold } = this.#parts;
    const { position: from, length } = chunk;
    change.load({ from, to: from + length });
    let sent = 0;
    for (let block = chunk.firstBlock; block < chunk.endBlock; block++) {
      const range = { from: this.#offsets[block], to: this.#offsets[block + 1] };
      const max = change.compute(range);
      const count = threshold === undefined ? range.to - range.from : this.#pick(range, from, sent);
      if (count === 0) continue;
      const shift = shiftFor(max, this.#layout.codec);
      if (shift > this.#layout.codec.maxShift) throw change.outOfRange(range);
      this.file[HEADER_BYTES + block] = shift;
      this.#round({ from: sent, to: sent + count }, from, shift);
      sent += count;
    }
    this.#write(chunk, sent);
  }

  /** Appends the block's x that are sent to those of the chunk, `sent` so far; returns their number. */
  #pick({ from, to }: Positions, start: number, sent: number): number {
    const { stage, threshold } = this.#parts;
    const { kernels, x, ties, picked, at } = stage;
    return kernels.pick(
      x.byteOffset + 8 * (from - start),
      to - from,
      from - start,
      threshold?.size ?? 0,
      ties.byteOffset,
      picked.byteOffset + 8 * sent,
      at.byteOffset + 4 * sent,
    );
  }

  /**
   * Rounds the block's x that are sent. By chance: ⌊y + u⌋ with y = x·2^(32−e), u = word ÷ 2³². It stays in range
   * because |y| ≤ qMax by the choice of e, u ≤ 1 − 2⁻³², and rounding a sum is monotonic: fl(y + u) ≤ fl(qMax + 1 −
   * 2⁻³²), which binary64 holds exactly for qMax < 2¹⁵, so its floor is at most qMax; fl(y + u) ≥ fl(−qMax) = −qMax.
   */
  #round({ from, to }: Positions, start: number, shift: number): void {
    const { stage, threshold, key } = this.#parts;
    const { kernels, at, q, left } = stage;
    const { bytesPerQ } = this.#layout.codec;
    const x = (threshold === undefined ? stage.x : stage.picked).byteOffset + 8 * from;
    const scale = 2 ** (FRACTION_BITS - shift);
    const qAt = q.byteOffset + bytesPerQ * from;
    const leftAt = left.byteOffset + 4 * from;
    if (bytesPerQ === 4) kernels.quantise32(x, to - from, scale, 1 / scale, qAt, leftAt);
    else {
      const chance = [at.byteOffset + 4 * from, (key.first + start) | 0, key.second] as const;
      kernels.quantiseByChance(
        ...([x, to - from, scale, 1 / scale, qAt, leftAt] as const),
        bytesPerQ,
        ...chance,
      );
    }
  }

  /** Copies what the chunk sends and leaves out of the stage. */
  #write({ position, length }: Chunk, sent: number): void {
    const { headBytes, qAt, codec, isSparse } = this.#layout;
    const { q, at, left, x } = this.#parts.stage;
    this.file.set(q.subarray(0, codec.bytesPerQ * sent), qAt + codec.bytesPerQ * this.#written);
    this.#written += sent;
    if (!isSparse) {
      this.residual?.set(left.subarray(0, length), position);
      return;
    }
    this.residual?.set(x.subarray(0, length), position);
    for (let i = 0; i < sent; i++) {
      const j = position + at[i];
      this.file[headBytes + (j >> 3)] |= 1 << (j & 7);
      if (this.residual !== undefined) this.residual[j] = left[i];
    }
  }
}

/** Smallest e ≥ 0 with max·2^(32−e) ≤ qMax; may exceed the codec's largest by one, which is out of range. */
function shiftFor(max: number, { qMax, maxShift }: Codec): number {
  let shift = 0;
  while (shift <= maxShift && max * 2 ** (FRACTION_BITS - shift) > qMax) shift++;
  return shift;
}
