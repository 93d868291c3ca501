import type { Hash, Sha256 } from '@tallystick/kernel';
import { chunksOf } from '../chunk.js';
import { blockOffsets } from '../manifest.js';
import type { UpdateForm } from '../update-form.js';
import { updateLayout } from '../update-layout.js';
import { Change, type ChangeInput } from './change.js';
import { ENCODE_POSITIONS, EncodeStage } from './encode-stage.js';
import { Encoder } from './encoder.js';
import { roundingKey } from './rounding.js';
import { topThreshold } from './top-positions.js';

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

/**
 * The update file of one local training (protocol.md §1.2–1.3): x = (f64(after) − f64(before)) ÷ divisor + residual;
 * per block of ≤ 1,024 positions, which never crosses a tensor, the smallest shift e with max|x|·2^(32−e) ≤ qMax, and
 * q = x·2^(32−e) rounded: i32 to nearest, ties to even; i16 and i8 by chance, without bias (QSGD, Alistarh et al.
 * 2017). A sparse form sends the k largest |x|, of equal ones the lower positions. What was not sent, x − v·2⁻³², is
 * the residual that the next round adds (error feedback, Seide et al. 2014). Nothing is ever clamped.
 *
 * Throws ENGINE_DIVERGED when `after` is not finite and UPDATE_OUT_OF_RANGE when |x| exceeds what the codec's largest
 * shift holds (508 or more), both naming the tensor; RangeError for arrays of other lengths, a divisor that is not
 * positive and a residual where the form leaves none.
 */
export function encodeUpdate(input: UpdateInput): EncodedUpdate {
  const { manifest, form } = input;
  const layout = updateLayout(manifest, form);
  const isExact = layout.codec.name === 'i32' && !layout.isSparse;
  if (isExact && input.residual !== undefined) throw new RangeError('dense i32 leaves no residual');
  const stage = new EncodeStage(manifest.d);
  const change = new Change(input, stage);
  const offsets = blockOffsets(manifest);
  const chunks = chunksOf(offsets, { first: 0, end: manifest.blocks }, ENCODE_POSITIONS);
  const ranges = chunks.map(({ position, length }) => ({ from: position, to: position + length }));
  const threshold = layout.isSparse
    ? topThreshold({ change, stage }, ranges, layout.sent)
    : undefined;
  const key = roundingKey(input.sha256, input.seed);
  const encoder = new Encoder(layout, { stage, change, threshold, key, keepsResidual: !isExact });
  for (const chunk of chunks) encoder.add(chunk);
  return { file: encoder.file, residual: encoder.residual };
}
