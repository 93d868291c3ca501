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
    if (!this.#isSet && !signal.aborted) await this.#wait(ms, signal);
    this.#isSet = false;
  }

  #wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', wake);
        this.#sleeper = undefined;
        resolve();
      };
      const timer = this.#clock.after(ms, wake);
      signal.addEventListener('abort', wake);
      this.#sleeper = wake;
    });
  }
}
