/**
 * proof: what anybody needs to check a header and a read of Substrate's state, in a browser as well: SCALE, storage keys,
 * block hashes, Aura seals, trie proofs. The embedded host computes with the same code.
 */
export { unsealHeader, verifySeal } from '../embedded/aura.js';
export { type Header, headerHash, readHeader } from '../embedded/header.js';
export { ScaleReader } from '../embedded/scale.js';
export { blake2b128concat, keyText, storageKey, twox64concat } from '../embedded/storage-key.js';
export { type ProofOutcome, verifyReadProof } from '../embedded/trie/read-proof.js';
