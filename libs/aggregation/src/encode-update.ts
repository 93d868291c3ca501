import type { Hash, Sha256 } from '@tallystick/kernel';
import { Change, type ChangeInput } from './change.js';
import type { Positions } from './chunk.js';
import type { Codec } from './codec.js';
import { BLOCK_POSITIONS, blockOffsets, type Manifest } from './manifest.js';
import { type RoundingKey, roundingKey, roundingWord } from './rounding.js';
import { type Threshold, topThreshold } from './top-positions.js';
import type { UpdateForm } from './update-form.js';
import { FRACTION_BITS, writeHead } from './update-head.js';
import { HEADER_BYTES, updateLayout, type UpdateLayout } from './update-layout.js';

/** One local training, to be encoded. */
export interface UpdateInput extends ChangeInput {
  readonly sha256: Sha256;
  readonly form: UpdateForm;
  /** The round's local seed; stochastic rounding draws from it. */
  readonly seed: Hash;
}

/** The update file and, unless the form is dense i32, what it leaves for the next round: d float32. Fresh buffers. */
export interface EncodedUpdate {
  readonly file: Uint8Array<ArrayBuffer>;
  readonly residual: Float32Array | undefined;
}

/** Adding and subtracting 1.5·2⁵² rounds |x| < 2⁵¹ to the nearest integer, ties to even (IEEE 754 binary64). */
const ROUND = 1.5 * 2 ** 52;
/** One in the units of v. */
const ONE = 2 ** FRACTION_BITS;

/**
 * The update file of one local training (protocol.md §1.2–1.3): x = (f64(after) − f64(before)) ÷ divisor + residual;
 * per block of ≤ 1,024 positions, which never crosses a tensor, the smallest shift e with max|x|·2^(32−e) ≤ qMax, and
 * q = x·2^(32−e) rounded: i32 to nearest, ties to even; i16 and i8 by chance, without bias (QSGD, Alistarh et al.
 * 2017). A sparse form sends the k largest |x|, of equal ones the lower positions. What was not sent, x − v·2⁻³², is
 * the residual that the next round adds (error feedback, Seide et al. 2014). Nothing is ever clamped.
 *
 * Throws ENGINE_DIVERGED when `after` is not finite and UPDATE_OUT_OF_RANGE when |x| exceeds what the codec's
 * largest shift holds (508 or more), both naming the tensor;
 * RangeError for arrays of other lengths and for a residual where the form leaves none.
 */
export function encodeUpdate(input: UpdateInput): EncodedUpdate {
  const { manifest, form, residual } = input;
  const layout = updateLayout(manifest, form);
  const isExact = layout.codec.name === 'i32' && !layout.isSparse;
  if (isExact && residual !== undefined) throw new RangeError('dense i32 leaves no residual');
  const change = new Change(input);
  const blocks = blocksOf(manifest);
  const encoder = new Encoder(layout, {
    change,
    threshold: layout.isSparse ? topThreshold(change, blocks, layout.sent) : undefined,
    key: layout.codec.name === 'i32' ? undefined : roundingKey(input.sha256, input.seed),
    residual: isExact ? undefined : new Float32Array(manifest.d),
  });
  blocks.forEach((block, index) => encoder.add(block, index));
  return { file: encoder.file, residual: encoder.residual };
}

function blocksOf(manifest: Manifest): Positions[] {
  const offsets = blockOffsets(manifest);
  return Array.from({ length: manifest.blocks }, (_, i) => ({
    from: offsets[i],
    to: offsets[i + 1],
  }));
}

interface EncoderParts {
  readonly change: Change;
  /** Of a sparse form. */
  readonly threshold: Threshold | undefined;
  /** Of stochastic rounding. */
  readonly key: RoundingKey | undefined;
  readonly residual: Float32Array | undefined;
}

/** Writes an update block by block. */
class Encoder {
  readonly file: Uint8Array<ArrayBuffer>;
  readonly residual: Float32Array | undefined;
  readonly #layout: UpdateLayout;
  readonly #change: Change;
  readonly #key: RoundingKey | undefined;
  readonly #threshold: Threshold | undefined;
  readonly #q: Int32Array | Int16Array | Int8Array;
  /** Which positions of the block are sent; all of them in a dense form. */
  readonly #picks = Uint16Array.from({ length: BLOCK_POSITIONS }, (_, i) => i);
  #written = 0;
  #ties: number;

  constructor(layout: UpdateLayout, { change, threshold, key, residual }: EncoderParts) {
    this.file = writeHead(layout, new Uint8Array(layout.manifest.blocks));
    this.residual = residual;
    this.#layout = layout;
    this.#change = change;
    this.#key = key;
    this.#threshold = threshold;
    this.#ties = threshold?.ties ?? 0;
    this.#q = qOf(this.file, layout);
  }

  add(block: Positions, index: number): void {
    const max = this.#change.read(block);
    const count = this.#threshold === undefined ? block.to - block.from : this.#pick(block);
    this.#keep(block);
    if (count === 0) return;
    const shift = shiftFor(max, this.#layout.codec);
    if (shift > this.#layout.codec.maxShift) throw this.#change.outOfRange(block);
    this.file[HEADER_BYTES + index] = shift;
    this.#round(block.from, count, shift);
  }

  /** Sets the bits of the positions above the threshold and returns their number. */
  #pick({ from, to }: Positions): number {
    const { x } = this.#change;
    const { size } = this.#threshold ?? { size: 0 };
    let count = 0;
    for (let i = 0; i < to - from; i++) {
      const own = Math.abs(x[i]);
      if (own < size || (own === size && this.#ties === 0)) continue;
      if (own === size) this.#ties--;
      const j = from + i;
      this.file[this.#layout.headBytes + (j >> 3)] |= 1 << (j & 7);
      this.#picks[count++] = i;
    }
    return count;
  }

  /** All of the block into the residual: what is sent is taken off again. */
  #keep({ from, to }: Positions): void {
    this.residual?.set(this.#change.x.subarray(0, to - from), from);
  }

  /**
   * The q of the picked positions. By chance: ⌊y + u⌋ with u = word ÷ 2³². It stays in range because |y| ≤ qMax by
   * the choice of the shift, u ≤ 1 − 2⁻³², and rounding a sum is monotonic: fl(y + u) ≤ fl(qMax + 1 − 2⁻³²), which
   * binary64 holds exactly for qMax < 2¹⁵, so its floor is at most qMax; and fl(y + u) ≥ fl(−qMax + 0) = −qMax.
   */
  #round(from: number, count: number, shift: number): void {
    const { x } = this.#change;
    const q = this.#q;
    const scale = 2 ** (FRACTION_BITS - shift);
    const unit = 1 / scale;
    for (let i = 0; i < count; i++) {
      const at = this.#picks[i];
      const y = x[at] * scale;
      const value =
        this.#key === undefined
          ? y + ROUND - ROUND
          : Math.floor(y + roundingWord(this.#key, from + at) / ONE);
      q[this.#written++] = value;
      if (this.residual !== undefined) this.residual[from + at] = x[at] - value * unit;
    }
  }
}

/** Smallest e ≥ 0 with max·2^(32−e) ≤ qMax; may exceed the codec's largest by one, which is out of range. */
function shiftFor(max: number, { qMax, maxShift }: Codec): number {
  let shift = 0;
  while (shift <= maxShift && max * 2 ** (FRACTION_BITS - shift) > qMax) shift++;
  return shift;
}

/** The file's q as numbers: qAt is a multiple of 8, and every WebAssembly host is little-endian. */
function qOf(
  { buffer }: Uint8Array<ArrayBuffer>,
  { codec, qAt, sent }: UpdateLayout,
): Int32Array | Int16Array | Int8Array {
  if (codec.bytesPerQ === 4) return new Int32Array(buffer, qAt, sent);
  return codec.bytesPerQ === 2
    ? new Int16Array(buffer, qAt, sent)
    : new Int8Array(buffer, qAt, sent);
}
