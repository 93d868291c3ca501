import type { Hash } from './ids.js';

/** SHA-256 (FIPS 180-4), synchronous, of the concatenation of `parts`. */
export type Sha256 = (...parts: readonly Uint8Array[]) => Hash;
