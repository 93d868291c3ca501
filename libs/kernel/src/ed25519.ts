import type { PublicKey, Signature } from './ids.js';

/** Ed25519 verification (RFC 8032 §5.1.7): S < L and the cofactorless equation, R compared as bytes. */
export interface Ed25519 {
  /** False for any malformed key or signature. Admissibility of the key is `record`'s question, asked apart. */
  verify(key: PublicKey, message: Uint8Array, signature: Signature): boolean;
}

/** Something that signs with one Ed25519 key and never shows it. */
export interface Signer {
  readonly key: PublicKey;
  sign(message: Uint8Array): Signature;
  /** Throws what `sign` would throw, and remembers nothing. Without it every message is signed. */
  assertSigns?(message: Uint8Array): void;
}
