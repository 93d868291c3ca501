import { TallyError } from '@tallystick/kernel';

/** Runs tasks one after another; more than `limit` waiting are refused with NET_BUSY. */
export class SerialQueue {
  readonly #what: string;
  readonly #limit: number;
  #waiting = 0;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(what: string, limit: number) {
    this.#what = what;
    this.#limit = limit;
  }

  run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#limit) {
      throw new TallyError('NET_BUSY', { what: this.#what, limit: this.#limit });
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
