import type { Clock } from '@tallystick/kernel';

/** Lets a loop sleep until something happens, at the latest after a time. A wake while nobody sleeps is kept. */
export class Wake {
  #isSet = false;
  #sleeper: (() => void) | undefined;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  set(): void {
    this.#isSet = true;
    this.#sleeper?.();
  }

  /** Resolves on `set`, after `ms`, or when aborted. */
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#isSet && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = this.#clock.after(ms, resolve);
        const wake = (): void => {
          timer.cancel();
          resolve();
        };
        this.#sleeper = wake;
        signal.addEventListener('abort', wake, { once: true });
      });
      this.#sleeper = undefined;
    }
    this.#isSet = false;
  }
}
