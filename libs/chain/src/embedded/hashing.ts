import { blake2b } from '@noble/hashes/blake2.js';
import { concatBytes } from '@tallystick/kernel';
import { littleEndian } from './scale.js';
import { xxh64 } from './xxh64.js';

/** BLAKE2b-256 (RFC 7693): hash of headers, trie nodes, hashed values and extrinsics. */
export function blake2b256(bytes: Uint8Array): Uint8Array {
  return blake2b(bytes, { dkLen: 32 });
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
