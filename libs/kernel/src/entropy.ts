/** Unpredictable bytes: nonces, tokens, salts' secrets. Never used in anything that must be recomputed. */
export interface Entropy {
  /** A fresh buffer of `length` bytes. */
  bytes(length: number): Uint8Array;
}
