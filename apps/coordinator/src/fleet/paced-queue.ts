import type { Logger } from '@tallystick/kernel';

/** Sends per turn of the event loop (kernels-and-transport §6: it is the yield that keeps the loop free). */
const PER_TURN = 16;
/** Sends that may wait: an offer, an end and a result for each node of two of the largest cohorts. */
const MAX_WAITING = 393_216;

/** Does many small things in order, a few per turn of the event loop: the first few at once. */
export class PacedQueue {
  readonly #logger: Logger;
  #waiting: (() => void)[] = [];
  #next = 0;
  #left = PER_TURN;
  #isScheduled = false;
  #isFull = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** What finds the queue full is dropped, and told once: whatever it is for is offered again at the next hello. */
  push(task: () => void): void {
    if (this.#size === 0 && this.#left > 0) {
      this.#left--;
      task();
    } else if (this.#size < MAX_WAITING) {
      this.#waiting.push(task);
    } else if (!this.#isFull) {
      this.#isFull = true;
      this.#logger.warn('fleet.broadcast_full', { limit: MAX_WAITING });
    }
    this.#schedule();
  }

  get #size(): number {
    return this.#waiting.length - this.#next;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isScheduled = false;
    this.#left = PER_TURN;
    for (; this.#size > 0 && this.#left > 0; this.#left--) this.#waiting[this.#next++]?.();
    if (this.#size > 0) return this.#schedule();
    this.#waiting = [];
    this.#next = 0;
    this.#isFull = false;
  }
}
