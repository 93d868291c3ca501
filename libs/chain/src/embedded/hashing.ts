import { blake2b } from '@noble/hashes/blake2.js';
import { concatBytes, equalBytes } from '@tallystick/kernel';
import { littleEndian } from './scale.js';
import { xxh64 } from './xxh64.js';

/** From this length on the newest input is remembered with its hash. */
const LONG_BYTES = 1 << 18;
let newestLong: { readonly bytes: Uint8Array; readonly hash: Uint8Array } | undefined;

/**
 * BLAKE2b-256 (RFC 7693): hash of headers, trie nodes, hashed values and extrinsics. Every state that is read anew holds the
 * same runtime (1.2 MB): hashing it takes 25 ms, seeing that it is the same 1 ms.
 */
export function blake2b256(bytes: Uint8Array): Uint8Array {
  if (bytes.length < LONG_BYTES) return blake2b(bytes, { dkLen: 32 });
  if (newestLong === undefined || !equalBytes(newestLong.bytes, bytes)) {
    newestLong = { bytes: bytes.slice(), hash: blake2b(bytes, { dkLen: 32 }) };
  }
  return newestLong.hash.slice();
}

/** BLAKE2b-128. */
export function blake2b128(bytes: Uint8Array): Uint8Array {
  return blake2b(bytes, { dkLen: 16 });
}

/** XXH64 with seed 0, little-endian. */
export function twox64(bytes: Uint8Array): Uint8Array {
  return littleEndian(xxh64(bytes, 0n), 8);
}

/** XXH64 with seeds 0 and 1, little-endian. */
export function twox128(bytes: Uint8Array): Uint8Array {
  return concatBytes(littleEndian(xxh64(bytes, 0n), 8), littleEndian(xxh64(bytes, 1n), 8));
}
