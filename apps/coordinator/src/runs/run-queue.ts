import type { RunId } from '@tallystick/kernel';

/** Runs that wait until one of those that play gives its place up, first come first served. */
export class RunQueue {
  readonly #waiting: RunId[] = [];

  get length(): number {
    return this.#waiting.length;
  }

  /** Harmless when it waits already. */
  push(run: RunId): void {
    if (!this.#waiting.includes(run)) this.#waiting.push(run);
  }

  shift(): RunId | undefined {
    return this.#waiting.shift();
  }

  /** Takes a run out of the queue; false when it does not wait. */
  remove(run: RunId): boolean {
    const index = this.#waiting.indexOf(run);
    if (index >= 0) this.#waiting.splice(index, 1);
    return index >= 0;
  }

  /** 1 is next; undefined when it does not wait. */
  placeOf(run: RunId): number | undefined {
    const index = this.#waiting.indexOf(run);
    return index < 0 ? undefined : index + 1;
  }
}
