import type { Change } from './change.js';
import type { Positions } from './chunk.js';

/** Bits of a digit of |x|'s binary64 pattern; four digits make the whole. */
const DIGIT_BITS = 16;
const DIGITS = 4;

/** Which positions are sent: every |x| above `size`, and of those equal to it the first `ties`. */
export interface Threshold {
  readonly size: number;
  readonly ties: number;
}

/**
 * The k-th largest |x|, exactly: radix selection over the binary64 patterns, whose order as integers is that of the
 * values. One pass over the change per digit, and memory for one histogram, whatever d is.
 * @param blocks of the whole model, in order
 */
export function topThreshold(change: Change, blocks: readonly Positions[], k: number): Threshold {
  const found = new Uint16Array(DIGITS);
  let ties = k;
  for (let digit = DIGITS - 1; digit >= 0; digit--) {
    const counts = countDigit(change, blocks, { digit, found });
    let value = 2 ** DIGIT_BITS - 1;
    while (counts[value] < ties) ties -= counts[value--];
    found[digit] = value;
  }
  return { size: new Float64Array(found.buffer)[0], ties };
}

/** How often each value of `digit` occurs among the x whose higher digits are those found. */
function countDigit(
  change: Change,
  blocks: readonly Positions[],
  { digit, found }: { readonly digit: number; readonly found: Uint16Array },
): Uint32Array {
  const counts = new Uint32Array(2 ** DIGIT_BITS);
  const digits = new Uint16Array(change.x.buffer);
  for (const block of blocks) {
    change.read(block);
    const end = DIGITS * (block.to - block.from);
    for (let at = 0; at < end; at += DIGITS) {
      let same = DIGITS - 1;
      while (same > digit && digitOf(digits, at, same) === found[same]) same--;
      if (same === digit) counts[digitOf(digits, at, digit)]++;
    }
  }
  return counts;
}

/** A digit of |x|: the highest one without the sign. */
function digitOf(digits: Uint16Array, at: number, digit: number): number {
  return digit === DIGITS - 1 ? digits[at + digit] & 0x7fff : digits[at + digit];
}
