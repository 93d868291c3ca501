import type { UpdateForm } from './update-form.js';

/** One row of protocol.md §1.3's table of codecs. */
export interface Codec {
  readonly name: UpdateForm['codec'];
  /** The file's codec byte, without the sparse bit. */
  readonly id: number;
  readonly bytesPerQ: 4 | 2 | 1;
  /** Largest |q|: the codec's range without its minimum. */
  readonly qMax: number;
  /** Largest shift, hence |v| < 2⁴¹. */
  readonly maxShift: number;
  /**
   * A shifted block holds a |q| of at least this, else a smaller shift would have done. With y the largest |x| in
   * units of 2^(e−32) and e the smallest shift, y > qMax ÷ 2: rounded to nearest it is at least 2^(bits−2), rounded
   * by chance at least ⌊qMax ÷ 2⌋.
   */
  readonly leastShifted: number;
}

/** Set in the codec byte of an update that holds only some positions (top-k). */
export const SPARSE_BIT = 0x80;

/** The codecs, by name. */
export const CODECS: Readonly<Record<UpdateForm['codec'], Codec>> = {
  i32: {
    ...{ name: 'i32', id: 1, bytesPerQ: 4, maxShift: 10 },
    ...{ qMax: 2 ** 31 - 1, leastShifted: 2 ** 30 },
  },
  i16: {
    ...{ name: 'i16', id: 2, bytesPerQ: 2, maxShift: 26 },
    ...{ qMax: 2 ** 15 - 1, leastShifted: 2 ** 14 - 1 },
  },
  i8: {
    ...{ name: 'i8', id: 3, bytesPerQ: 1, maxShift: 34 },
    ...{ qMax: 2 ** 7 - 1, leastShifted: 2 ** 6 - 1 },
  },
};

/** `i8`, `sparse i8` …, or undefined for a codec byte that does not exist. */
export function codecName(byte: number): string | undefined {
  const codec = Object.values(CODECS).find(({ id }) => id === (byte & ~SPARSE_BIT));
  if (codec === undefined) return undefined;
  return (byte & SPARSE_BIT) === 0 ? codec.name : `sparse ${codec.name}`;
}
