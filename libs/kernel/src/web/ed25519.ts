import { ed25519 as noble } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, type Ed25519, equalBytes, fromHex } from '../index.js';

const Point = noble.ExtendedPoint;
/** Order of the base point, L (RFC 8032 §5.1). */
const ORDER = noble.CURVE.n;

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/**
 * Ed25519 on noble's points. Its own `verify` clears the cofactor; here the equation is the one that OpenSSL checks: S < L,
 * and encode(S·B − k·A) is R byte for byte, so that Node and browser accept the same signatures.
 */
export const ed25519: Ed25519 = {
  verify(key, message, signature) {
    try {
      const bytes = fromHex(signature);
      const r = bytes.subarray(0, 32);
      const s = littleEndian(bytes.subarray(32));
      if (bytes.length !== 64 || s >= ORDER) return false;
      const a = Point.fromHex(key);
      const k = littleEndian(sha512(concatBytes(r, fromHex(key), message))) % ORDER;
      const sB = Point.BASE.multiplyUnsafe(s);
      return equalBytes(sB.subtract(a.multiplyUnsafe(k)).toRawBytes(), r);
    } catch {
      return false; // not a point
    }
  },
};
