import type { Clock, Timer } from '../index.js';

interface Pending {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is moved; timers fire in order of time, then of creation. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #order = 0;
  /** The next one to fire comes last. */
  readonly #pending: Pending[] = [];

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const atMs = this.#nowMs + Math.max(0, Math.ceil(delayMs)); // real clocks show whole milliseconds
    const timer = { atMs, order: this.#order++, callback };
    this.#pending.splice(this.#placeOf(timer), 0, timer);
    return { cancel: () => this.#cancel(timer) };
  }

  /** Number of timers that have not fired. */
  get pending(): number {
    return this.#pending.length;
  }

  /** Moves time by `ms`, firing due timers and letting promise callbacks run between them. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    while ((this.#pending.at(-1)?.atMs ?? Infinity) <= untilMs) await this.step();
    this.#nowMs = untilMs;
  }

  /** Moves time to the next timer, fires it and lets promise callbacks run; false when there is none. */
  async step(): Promise<boolean> {
    const next = this.#pending.pop();
    if (next === undefined) return false;
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.callback();
    await settle();
    return true;
  }

  #cancel(timer: Pending): void {
    const place = this.#placeOf(timer);
    if (this.#pending[place] === timer) this.#pending.splice(place, 1);
  }

  /** Index of the first pending timer that does not fire after `timer`. */
  #placeOf({ atMs, order }: Pending): number {
    let low = 0;
    let high = this.#pending.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#pending[middle];
      const isLater = other !== undefined && (other.atMs - atMs || other.order - order) > 0;
      if (isLater) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Resolves in the next turn of the event loop: by then every promise callback has run (1 µs on Node 20). */
function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
