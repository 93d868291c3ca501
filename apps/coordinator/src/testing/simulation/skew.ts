import type { Clock } from '@tallystick/kernel';

/** It stays this near to true time, as the chain demands of a coordinator (a minute; two jumps may add up). */
const MAX_MS = 25_000;

/** What the coordinator's clock is ahead of true time. */
export class Skew {
  #aheadMs = 0;
  #latestMs = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** The latest time that the clock ever showed. */
  latestMs(): number {
    this.#latestMs = Math.max(this.#latestMs, this.#clock.nowMs() + this.#aheadMs);
    return this.#latestMs;
  }

  /** The clock jumps. */
  jump(byMs: number): void {
    this.latestMs();
    this.#aheadMs = Math.max(-MAX_MS, Math.min(MAX_MS, this.#aheadMs + byMs));
  }
}
