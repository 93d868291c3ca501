export const MAX_RESTARTS_PER_MINUTE = 5;
const FIRST_DELAY_MS = 250;

/** How often something may be started again: five times in a minute, each time after twice the delay. */
export class RestartBudget {
  #restartsMs: number[] = [];

  /** Milliseconds to wait before the next start; undefined when it ended too often. */
  take(nowMs: number): number | undefined {
    this.#restartsMs = this.#restartsMs.filter((atMs) => nowMs - atMs < 60_000);
    const count = this.#restartsMs.length;
    if (count >= MAX_RESTARTS_PER_MINUTE) return undefined;
    this.#restartsMs.push(nowMs);
    return FIRST_DELAY_MS * 2 ** count;
  }
}
