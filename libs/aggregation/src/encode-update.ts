import { TallyError } from '@tallystick/kernel';
import { blockOffsets, type Manifest, tensorAt } from './manifest.js';
import { CODECS } from './codec.js';
import { DENSE_I32 } from './update-form.js';
import { FRACTION_BITS, writeHead } from './update-head.js';
import { updateLayout } from './update-layout.js';

const { qMax: Q_MAX, maxShift: MAX_SHIFT } = CODECS.i32;

/** Adding and subtracting 1.5·2⁵² rounds |x| < 2⁵¹ to the nearest integer, ties to even (IEEE 754 binary64). */
const ROUND = 1.5 * 2 ** 52;

/**
 * The update file of one local training (protocol.md §1.2–1.3, codec i32): per block of ≤ 1,024 positions, which
 * never crosses a tensor, the smallest shift e with max|Δ|·2^(32−e) ≤ 2³¹ − 1 and q = roundTiesToEven(Δ·2^(32−e)),
 * where Δ = f64(after) − f64(before). Nothing is ever clamped.
 *
 * @param before the global model, finite, d float32
 * @param after the locally trained model, d float32
 * @returns a fresh buffer
 * Throws ENGINE_DIVERGED when `after` is not finite and UPDATE_OUT_OF_RANGE when |Δ| ≥ 2⁹, naming the tensor.
 */
export function encodeUpdate(
  manifest: Manifest,
  before: Float32Array,
  after: Float32Array,
): Uint8Array {
  if (before.length !== manifest.d || after.length !== manifest.d) {
    throw new RangeError(
      `before has ${before.length}, after ${after.length} elements, the manifest ${manifest.d}`,
    );
  }
  const offsets = blockOffsets(manifest);
  const shifts = new Uint8Array(manifest.blocks);
  const q = new Int32Array(manifest.d);
  for (let block = 0; block < manifest.blocks; block++) {
    const from = offsets[block];
    const to = offsets[block + 1];
    const shift = shiftFor(largestDelta(manifest, before, after, { from, to }));
    if (shift > MAX_SHIFT) throw outOfRange(manifest, before, after, { from, to });
    shifts[block] = shift;
    const scale = 2 ** (FRACTION_BITS - shift);
    for (let j = from; j < to; j++) q[j] = (after[j] - before[j]) * scale + ROUND - ROUND;
  }
  const layout = updateLayout(manifest, DENSE_I32);
  const file = writeHead(layout, shifts);
  file.set(new Uint8Array(q.buffer), layout.qAt);
  return file;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function largestDelta(
  manifest: Manifest,
  before: Float32Array,
  after: Float32Array,
  { from, to }: Range,
): number {
  let max = 0;
  for (let j = from; j < to; j++) {
    const delta = Math.abs(after[j] - before[j]);
    if (!(delta < Infinity)) {
      throw new TallyError('ENGINE_DIVERGED', { tensor: tensorAt(manifest, j) });
    }
    if (delta > max) max = delta;
  }
  return max;
}

/** Smallest e ≥ 0 with max·2^(32−e) ≤ Q_MAX; may exceed MAX_SHIFT by one, which is out of range. */
function shiftFor(max: number): number {
  let shift = 0;
  while (shift <= MAX_SHIFT && max * 2 ** (FRACTION_BITS - shift) > Q_MAX) shift++;
  return shift;
}

function outOfRange(
  manifest: Manifest,
  before: Float32Array,
  after: Float32Array,
  range: Range,
): TallyError {
  let worst = range.from;
  for (let j = range.from; j < range.to; j++) {
    if (Math.abs(after[j] - before[j]) > Math.abs(after[worst] - before[worst])) worst = j;
  }
  const tensor = tensorAt(manifest, worst);
  return new TallyError('UPDATE_OUT_OF_RANGE', { tensor, delta: after[worst] - before[worst] });
}
