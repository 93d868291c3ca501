import { keccak_256 } from '@noble/hashes/sha3.js';
import { blake2b128, blake2b256, twox128, twox64 } from '../hashing.js';
import type { HostContext, HostFunctions } from './host-context.js';

/** Hash functions (sp-io `hashing`): bytes in a span, result at a fresh pointer. */
export function hashingFunctions(host: HostContext): HostFunctions {
  const { memory } = host;
  const hasher =
    (hash: (bytes: Uint8Array) => Uint8Array) =>
    (data: bigint): number =>
      memory.put(hash(memory.span(data)));
  return {
    ext_hashing_blake2_128_version_1: hasher(blake2b128),
    ext_hashing_blake2_256_version_1: hasher(blake2b256),
    ext_hashing_keccak_256_version_1: hasher(keccak_256),
    ext_hashing_twox_64_version_1: hasher(twox64),
    ext_hashing_twox_128_version_1: hasher(twox128),
  };
}
