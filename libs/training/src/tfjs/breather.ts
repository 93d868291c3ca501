/** How long the thread may compute before it lets messages, timers and aborts in. */
const HOLD_MS = 25;

/**
 * Keeps a long computation from holding its thread: at most every 25 ms it lets the event loop turn once and then
 * looks at the signal. When it pauses depends on the clock; what is computed does not.
 */
export class Breather {
  readonly #signal: AbortSignal | undefined;
  #since: number = performance.now();

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    signal?.throwIfAborted();
  }

  /** Rejects with the signal's reason when it is aborted. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#since < HOLD_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#signal?.throwIfAborted();
    this.#since = performance.now();
  }
}
