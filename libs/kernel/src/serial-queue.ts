import { TallyError } from './errors/tally-error.js';

/** Runs tasks one after another, in order of arrival. At most `limit` run or wait; more are refused, not queued. */
export class SerialQueue {
  readonly #what: string;
  readonly #limit: number;
  readonly #code: 'INTERNAL_OVERFLOW' | 'NET_BUSY';
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** @param code What a refused task rejects with: NET_BUSY where the one who asks can try again. */
  constructor(
    what: string,
    limit: number,
    code: 'INTERNAL_OVERFLOW' | 'NET_BUSY' = 'INTERNAL_OVERFLOW',
  ) {
    this.#what = what;
    this.#limit = limit;
    this.#code = code;
  }

  /** Settles as the task does; a failed task does not stop the next. */
  run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#limit) {
      const overflow = { what: this.#what, limit: this.#limit };
      return Promise.reject(new TallyError(this.#code, overflow));
    }
    this.#waiting++;
    const result = this.#tail.then(task);
    this.#tail = result.then(
      () => void this.#waiting--,
      () => void this.#waiting--,
    );
    return result;
  }

  /** Resolves when everything that waits now is done. */
  idle(): Promise<void> {
    return this.#tail;
  }
}
