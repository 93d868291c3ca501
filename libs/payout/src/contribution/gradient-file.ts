import { concatBytes, equalBytes, fromHex, type Hash, toHex, utf8 } from '@tallystick/kernel';
import { MAX_EXPONENT, MIN_EXPONENT, Q_MAX, type QuantisedGradient } from './quantised-gradient.js';

const MAGIC = 'TLYG';
const VERSION = 1;
const HEADER_BYTES = 56;
const BYTES_PER_Q = 3;

/** The model whose gradient a file holds. */
export interface GradientShape {
  /** Hash of the model's manifest. */
  readonly manifest: Hash;
  readonly d: number;
}

/** A gradient, or why the file is none. */
export type DecodedGradient =
  | { readonly ok: true; readonly gradient: QuantisedGradient }
  | { readonly ok: false; readonly reason: string };

/**
 * The file of a published gradient, `.tlg`: "TLYG" | version u8 = 1 | 0u8 | exponent i16 | d u64 | manifest H | 0u64,
 * then d signed 24-bit integers, all little-endian, zero-padded to 8 bytes. Its id is the SHA-256 of the file.
 */
export function encodeGradient(
  manifest: Hash,
  { exponent, values }: QuantisedGradient,
): Uint8Array {
  const head = new Uint8Array(HEADER_BYTES);
  const view = new DataView(head.buffer);
  head.set(utf8(MAGIC));
  head[4] = VERSION;
  view.setInt16(6, exponent, true);
  view.setBigUint64(8, BigInt(values.length), true);
  head.set(fromHex(manifest), 16);
  const body = new Uint8Array(bodyBytes(values.length));
  for (const [j, q] of values.entries()) {
    body[BYTES_PER_Q * j] = q;
    body[BYTES_PER_Q * j + 1] = q >> 8;
    body[BYTES_PER_Q * j + 2] = q >> 16;
  }
  return concatBytes(head, body);
}

/** Reads a gradient of this model and refuses everything that `encodeGradient` would not have written for one. */
export function decodeGradient(bytes: Uint8Array, { manifest, d }: GradientShape): DecodedGradient {
  const want = HEADER_BYTES + bodyBytes(d);
  if (bytes.length !== want) return refused(`has ${bytes.length} bytes, not ${want}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (toHex(bytes.subarray(16, 48)) !== manifest) return refused('is of another model');
  const exponent = view.getInt16(6, true);
  const values = new Int32Array(d);
  let most = 0;
  for (let j = 0; j < d; j++) {
    const at = HEADER_BYTES + BYTES_PER_Q * j;
    values[j] = view.getUint16(at, true) | (view.getInt8(at + 2) << 16);
    most = Math.max(most, Math.abs(values[j]));
  }
  if (!isScaled(exponent, most))
    return refused(`has exponent ${exponent} with values up to ${most}`);
  const gradient = { exponent, values };
  if (!equalBytes(bytes, encodeGradient(manifest, gradient)))
    return refused('is not in its canonical form');
  return { ok: true, gradient };
}

/** The largest exponent that fits, as `quantiseGradient` takes it. */
function isScaled(exponent: number, most: number): boolean {
  if (most === 0) return exponent === 0;
  if (exponent < MIN_EXPONENT || exponent > MAX_EXPONENT || most > Q_MAX) return false;
  return exponent === MAX_EXPONENT || most > Q_MAX >> 1;
}

function bodyBytes(d: number): number {
  return 8 * Math.ceil((BYTES_PER_Q * d) / 8);
}

function refused(reason: string): DecodedGradient {
  return { ok: false, reason };
}
