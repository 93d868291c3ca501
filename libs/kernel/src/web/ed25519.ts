import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, type Ed25519, equalBytes, fromHex } from '../index.js';
import {
  BASE,
  combine,
  decodePoint,
  encodePoint,
  integerOf,
  negate,
  ORDER,
} from './edwards25519.js';

/**
 * Ed25519 without Node: the equation that OpenSSL checks. S < L, and encode(S·B − k·A) is R byte for byte, so that Node and
 * browser accept the same signatures; libraries that clear the cofactor accept more.
 */
export const ed25519: Ed25519 = {
  verify(key, message, signature) {
    try {
      const [publicKey, bytes] = [fromHex(key), fromHex(signature)];
      const [r, s] = [bytes.subarray(0, 32), integerOf(bytes.subarray(32))];
      const a = decodePoint(publicKey);
      if (bytes.length !== 64 || s >= ORDER || a === undefined) return false;
      const k = integerOf(sha512(concatBytes(r, publicKey, message))) % ORDER;
      return equalBytes(encodePoint(combine(s, BASE, k, negate(a))), r);
    } catch (error) {
      if (error instanceof RangeError) return false; // not hex
      throw error;
    }
  },
};
