import { type Codec, CODECS } from '../codec.js';
import type { EncodedUpdate, UpdateInput } from '../encode/encode-update.js';
import { type RoundingKey, roundingKey } from '../encode/rounding.js';
import { blockOffsets } from '../manifest.js';
import { writeHead } from '../update-head.js';
import { updateLayout } from '../update-layout.js';
import { setQ } from './random-update.js';

/** What `encodeUpdate` must write, a position at a time. Slow and obvious on purpose; for values in range. */
export function referenceEncode(input: UpdateInput): EncodedUpdate {
  const { manifest, form, before, after, divisor = 1, residual } = input;
  const layout = updateLayout(manifest, form);
  const key = roundingKey(input.sha256, input.seed);
  const x = Float64Array.from(after, (w, j) => (w - before[j]) / divisor + (residual?.[j] ?? 0));
  const order = [...x.keys()].sort((a, b) => Math.abs(x[b]) - Math.abs(x[a]) || a - b);
  const sent = order.slice(0, layout.sent).sort((a, b) => a - b);
  const shifts = shiftsFor(blockOffsets(manifest), { x, sent, codec: layout.codec });
  const file = writeHead(layout, shifts.byBlock);
  const left = Float32Array.from(x);
  for (const [index, j] of sent.entries()) {
    const unit = 2 ** (shifts.at(j) - 32);
    const value =
      form.codec === 'i32' ? toEven(x[j] / unit) : Math.floor(x[j] / unit + word(key, j) / 2 ** 32);
    setQ(file, layout, { index, value });
    if (layout.isSparse) file[layout.headBytes + (j >> 3)] |= 1 << (j & 7);
    left[j] = x[j] - value * unit;
  }
  const isExact = form.codec === 'i32' && !layout.isSparse;
  return { file, residual: isExact ? undefined : left };
}

interface Sent {
  readonly x: Float64Array;
  readonly sent: readonly number[];
  readonly codec: Codec;
}

/** The smallest shift of each block, over what is sent of it. */
function shiftsFor(
  offsets: Uint32Array,
  { x, sent, codec }: Sent,
): { byBlock: Uint8Array; at: (j: number) => number } {
  const blockOf = (j: number): number => offsets.findIndex((_, b) => j < offsets[b + 1]);
  const byBlock = new Uint8Array(offsets.length - 1);
  for (const j of sent) {
    const block = blockOf(j);
    while (Math.abs(x[j]) * 2 ** (32 - byBlock[block]) > CODECS[codec.name].qMax) byBlock[block]++;
  }
  return { byBlock, at: (j) => byBlock[blockOf(j)] };
}

function toEven(y: number): number {
  const floor = Math.floor(y);
  const rest = y - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

/** The word of position j; see rounding.ts. */
function word({ first, second }: RoundingKey, j: number): number {
  return mix((mix((j + first) | 0) + second) | 0) >>> 0;
}

function mix(w: number): number {
  w = Math.imul(w ^ (w >>> 16), 0x85ebca6b);
  w = Math.imul(w ^ (w >>> 13), 0xc2b2ae35);
  return w ^ (w >>> 16);
}
