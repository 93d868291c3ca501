import { TallyError } from '@tallystick/kernel';

/** Runs tasks one after another in order of arrival; at most `limit` wait, more are refused. */
export class SerialQueue {
  readonly #what: string;
  readonly #limit: number;
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(what: string, limit: number) {
    this.#what = what;
    this.#limit = limit;
  }

  /** Settles as the task does; a failed task does not stop the next. */
  run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#limit) {
      const overflow = { what: this.#what, limit: this.#limit };
      return Promise.reject(new TallyError('INTERNAL_OVERFLOW', overflow));
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
