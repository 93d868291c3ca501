import { TallyError } from '@tallystick/kernel';

/** Runs tasks one after another, in order of arrival. At most `limit` wait; more are refused, not queued. */
export class Mailbox {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves or rejects with the task's own result; a failed task does not stop the next. */
  run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#limit) {
      return Promise.reject(
        new TallyError('INTERNAL_OVERFLOW', { what: 'round mailbox', limit: this.#limit }),
      );
    }
    this.#waiting++;
    const result = this.#tail.then(task);
    this.#tail = result.then(
      () => void this.#waiting--,
      () => void this.#waiting--,
    );
    return result;
  }
}
