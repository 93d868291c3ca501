import type { Entropy } from '@tallystick/kernel';

const FIRST_MS = 250;
/** A node is back at most so long after its coordinator is; 10,000 nodes then knock 3,300 times a second. */
const CAP_MS = 4_000;

/**
 * Delays between attempts: 250 ms, doubled up to 4 s, each between half and all of it, so that the nodes of a
 * coordinator that comes back do not all knock at once.
 */
export class BackOff {
  readonly #entropy: Entropy;
  #attempts = 0;

  constructor(entropy: Entropy) {
    this.#entropy = entropy;
  }

  /** Milliseconds until the next attempt. */
  next(): number {
    const fullMs = Math.min(CAP_MS, FIRST_MS * 2 ** Math.min(this.#attempts, 16));
    this.#attempts++;
    const [low = 0, high = 0] = this.#entropy.bytes(2);
    return Math.round(fullMs * (0.5 + (low + 256 * high) / 131_072));
  }

  /** Starts over after something worked. */
  reset(): void {
    this.#attempts = 0;
  }
}
