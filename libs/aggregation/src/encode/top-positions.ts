import type { Positions } from '../chunk.js';
import type { Change } from './change.js';
import type { EncodeStage } from './encode-stage.js';

/** Shifts of the four 16-bit digits of a binary64 pattern, the highest first. */
const SHIFTS = [48, 32, 16, 0];

/** Which positions are sent: every |x| above `size`, and of those equal to it the first `ties`. */
export interface Threshold {
  readonly size: number;
  readonly ties: number;
}

/**
 * The k-th largest |x|, exactly: radix selection over the binary64 patterns, whose order as integers is that of the
 * values. One pass over the change per digit, and memory for one histogram, whatever d is.
 * @param chunks of the whole model, in order
 */
export function topThreshold(
  { change, stage }: { readonly change: Change; readonly stage: EncodeStage },
  chunks: readonly Positions[],
  k: number,
): Threshold {
  const { kernels, counts, x } = stage;
  let prefix = 0n;
  let ties = k;
  for (const shift of SHIFTS) {
    counts.fill(0);
    for (const chunk of chunks) {
      change.load(chunk);
      change.compute(chunk);
      const count = chunk.to - chunk.from;
      kernels.countDigits(x.byteOffset, count, counts.byteOffset, shift, prefix);
    }
    let digit = counts.length - 1;
    while (counts[digit] < ties) ties -= counts[digit--];
    prefix = (prefix << 16n) | BigInt(digit);
  }
  return { size: new Float64Array(BigUint64Array.of(prefix).buffer)[0], ties };
}
