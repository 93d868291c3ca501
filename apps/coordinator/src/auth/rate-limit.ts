import { type Clock, TallyError } from '@tallystick/kernel';

/** Keys that are counted at once; the one seen first makes room, so a flood of addresses costs no memory. */
const MAX_KEYS = 4_096;

interface Count {
  taken: number;
  readonly endsAtMs: number;
}

/** At most `limit` attempts of a key in a window that begins with its first one. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #counts = new Map<string, Count>();

  constructor(
    clock: Clock,
    { limit, windowMs }: { readonly limit: number; readonly windowMs: number },
  ) {
    this.#clock = clock;
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** Counts an attempt; false when it is one too many. */
  isWithin(key: string): boolean {
    return this.#count(key).taken <= this.#limit;
  }

  /** Counts an attempt. Throws AUTH_TOO_OFTEN when it is one too many. */
  take(key: string): void {
    const { taken, endsAtMs } = this.#count(key);
    if (taken <= this.#limit) return;
    const seconds = Math.ceil((endsAtMs - this.#clock.nowMs()) / 1_000);
    throw new TallyError('AUTH_TOO_OFTEN', { seconds });
  }

  #count(key: string): Count {
    const nowMs = this.#clock.nowMs();
    const known = this.#counts.get(key);
    if (known !== undefined && known.endsAtMs > nowMs) {
      known.taken++;
      return known;
    }
    this.#counts.delete(key);
    const [first] = this.#counts.keys();
    if (this.#counts.size >= MAX_KEYS && first !== undefined) this.#counts.delete(first);
    const count = { taken: 1, endsAtMs: nowMs + this.#windowMs };
    this.#counts.set(key, count);
    return count;
  }
}
