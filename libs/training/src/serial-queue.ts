import { TallyError } from '@tallystick/kernel';

/** Requests that may wait for their turn. */
export const MAX_WAITING = 64;

/** Runs tasks one after another, in the order in which they came. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Settles as `task` does. A task whose signal was aborted before its turn never starts. */
  async run<T>(signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
    if (this.#waiting >= MAX_WAITING) {
      throw new TallyError('INTERNAL_OVERFLOW', { what: 'training requests', limit: MAX_WAITING });
    }
    this.#waiting += 1;
    const turn = this.#last.then(async () => {
      this.#waiting -= 1;
      signal?.throwIfAborted();
      return task();
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
