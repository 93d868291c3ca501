import { createHash } from 'node:crypto';

/** Judges one signature; pure, hence cacheable. */
export type Verify = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean;

/**
 * Remembers verdicts between the pool's validation and the block's application, which halves the cost of a transaction.
 * Holds at most `limit` verdicts and forgets the oldest first.
 */
export class SignatureCache {
  readonly #limit: number;
  readonly #verdicts = new Map<string, boolean>();

  constructor(limit = 8192) {
    this.#limit = limit;
  }

  /** @param scheme keeps verdicts of different algorithms apart. */
  verify(
    scheme: string,
    verify: Verify,
    signed: { signature: Uint8Array; message: Uint8Array; publicKey: Uint8Array },
  ): boolean {
    const { signature, message, publicKey } = signed;
    const id = createHash('sha256')
      .update(`${scheme}:`)
      .update(signature)
      .update(publicKey)
      .update(message)
      .digest('base64');
    const known = this.#verdicts.get(id);
    if (known !== undefined) return known;
    const verdict = verify(signature, message, publicKey);
    this.#verdicts.set(id, verdict);
    if (this.#verdicts.size > this.#limit) this.#forgetOldest();
    return verdict;
  }

  #forgetOldest(): void {
    for (const id of this.#verdicts.keys()) {
      this.#verdicts.delete(id);
      return;
    }
  }
}
