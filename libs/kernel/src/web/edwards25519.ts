/** Arithmetic of edwards25519 (RFC 8032 §5.1) for verification alone: not constant time, so never for a secret. */

const P = 2n ** 255n - 19n;
/** Order of the base point. */
export const ORDER: bigint = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
const D2 = (2n * D) % P;
/** √−1 mod p. */
const ROOT = 19681161376707505956807079304988542015446066515923890162744021073123829784752n;
const SCALAR_BITS = 253;

/** Extended coordinates: x = X/Z, y = Y/Z, xy = T/Z. */
export interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly t: bigint;
}

const ZERO: Point = { x: 0n, y: 1n, z: 1n, t: 0n };
export const BASE: Point = affine(
  15112221349535400772501151409588531511454012693041857206046113283949847762202n,
  46316835694926478169428394003475163141307993866256225615783033603165251855960n,
);

function affine(x: bigint, y: bigint): Point {
  return { x, y, z: 1n, t: mod(x * y) };
}

function mod(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, base];
  for (let left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

/** Strongly unified addition (Hisil et al. 2008, §3.1, a = −1). */
function add(p: Point, q: Point): Point {
  const a = mod((p.y - p.x) * (q.y - q.x));
  const b = mod((p.y + p.x) * (q.y + q.x));
  const c = mod(p.t * D2 * q.t);
  const d = mod(2n * p.z * q.z);
  return product(b - a, d - c, { g: d + c, h: b + a });
}

function double({ x, y, z }: Point): Point {
  const a = mod(x * x);
  const b = mod(y * y);
  const h = a + b;
  const e = h - mod((x + y) * (x + y));
  const g = a - b;
  return product(e, mod(2n * z * z) + g, { g, h });
}

function product(
  e: bigint,
  f: bigint,
  { g, h }: { readonly g: bigint; readonly h: bigint },
): Point {
  return { x: mod(e * f), y: mod(g * h), z: mod(f * g), t: mod(e * h) };
}

export function negate({ x, y, z, t }: Point): Point {
  return { x: mod(-x), y, z, t: mod(-t) };
}

/** a·p + b·q in one pass over the bits (Shamir's trick). @param a, b < 2^253 */
export function combine(a: bigint, p: Point, b: bigint, q: Point): Point {
  const both = add(p, q);
  let sum = ZERO;
  for (let bit = BigInt(SCALAR_BITS - 1); bit >= 0n; bit--) {
    sum = double(sum);
    const [inA, inB] = [(a >> bit) & 1n, (b >> bit) & 1n];
    if (inA === 1n) sum = add(sum, inB === 1n ? both : p);
    else if (inB === 1n) sum = add(sum, q);
  }
  return sum;
}

/** Little-endian integer. */
export function integerOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** The point of 32 bytes (RFC 8032 §5.1.3); undefined when there is none, or when y is not below p. */
export function decodePoint(bytes: Uint8Array): Point | undefined {
  const value = integerOf(bytes);
  const sign = value >> 255n;
  const y = value & (2n ** 255n - 1n);
  if (bytes.length !== 32 || y >= P) return undefined;
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  const root = mod(u * v ** 3n * power(mod(u * v ** 7n), (P - 5n) / 8n));
  const square = mod(v * root * root);
  if (square !== u && square !== mod(-u)) return undefined;
  const x = square === u ? root : mod(root * ROOT);
  if (x === 0n && sign === 1n) return undefined;
  return affine((x & 1n) === sign ? x : mod(-x), y);
}

/** The 32 bytes of a point (RFC 8032 §5.1.2). */
export function encodePoint({ x, y, z }: Point): Uint8Array {
  const inverse = power(z, P - 2n);
  let rest = mod(y * inverse) | ((mod(x * inverse) & 1n) << 255n);
  return Uint8Array.from({ length: 32 }, () => {
    const byte = Number(rest & 255n);
    rest >>= 8n;
    return byte;
  });
}
