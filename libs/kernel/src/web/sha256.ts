import { sha256 as noble } from '@noble/hashes/sha2.js';
import { asHash, concatBytes, type Sha256, toHex } from '../index.js';

/** SHA-256 in JavaScript: the platform's own one only answers later, and the steps of an audit are functions. */
export const sha256: Sha256 = (...parts) => asHash(toHex(noble(concatBytes(...parts))));
