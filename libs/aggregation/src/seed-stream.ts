import { fromHex, type Hash, type Sha256 } from '@tallystick/kernel';

/**
 * Deterministic numbers from a 32-byte seed: SHA-256 in counter mode. Block k = H(seed ‖ k as u32) gives eight u32
 * little-endian words, k = 0, 1, 2 …. Everything drawn is a function of the words in order, so the stream can be
 * rebuilt in any language. Not for secrets: seeds are public.
 */
export class SeedStream {
  readonly #sha256: Sha256;
  readonly #counter: DataView;
  readonly #seeded: Uint8Array;
  readonly #words = new Uint32Array(8);
  #next = 8;
  #block = 0;

  constructor(sha256: Sha256, seed: Hash) {
    this.#sha256 = sha256;
    this.#seeded = new Uint8Array(36);
    this.#seeded.set(fromHex(seed));
    this.#counter = new DataView(this.#seeded.buffer);
  }

  /** The next word, 0 … 2³² − 1. Throws RangeError after 2³⁵ words. */
  nextU32(): number {
    if (this.#next === 8) this.#refill();
    return this.#words[this.#next++];
  }

  /**
   * An integer in [0, n), n in 1 … 2³². Every value equally likely: words from the incomplete last multiple of n
   * are drawn again.
   */
  below(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) throw new RangeError(`below(${n})`);
    const limit = 2 ** 32 - (2 ** 32 % n);
    let word = this.nextU32();
    while (word >= limit) word = this.nextU32();
    return word % n;
  }

  /** A binary64 in [0, 1): 53 bits, the upper 27 of one word and then the upper 26 of the next, times 2⁻⁵³. */
  uniform(): number {
    const high = this.nextU32() >>> 5;
    const low = this.nextU32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  #refill(): void {
    if (this.#block === 2 ** 32) throw new RangeError('the seed stream is used up');
    this.#counter.setUint32(32, this.#block++, true);
    const digest = new DataView(fromHex(this.#sha256(this.#seeded)).buffer);
    for (let i = 0; i < 8; i++) this.#words[i] = digest.getUint32(4 * i, true);
    this.#next = 0;
  }
}
