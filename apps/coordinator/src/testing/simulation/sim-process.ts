import type { Clock } from '@tallystick/kernel';
import type { VirtualClock } from '@tallystick/kernel/testing';

/**
 * One life of a program. After `kill` none of its timers fires and nothing it waits for ever settles: whatever was
 * under way stops between two events, as in kill -9. While it is frozen (SIGSTOP, a machine that swaps) all that waits
 * until it goes on; what it had asked of others happens meanwhile.
 */
export class SimProcess {
  /** Wall time of its machine; timers go by true time. */
  readonly clock: Clock;
  /** Asked at every input or output, with how long that takes: the place where faults of its machine strike. */
  ambient: (durationMs: number) => void = () => undefined;
  #isAlive = true;
  #frozenUntilMs = 0;
  readonly #world: VirtualClock;

  constructor(world: VirtualClock, skewMs: () => number = () => 0) {
    this.#world = world;
    this.clock = {
      nowMs: () => world.nowMs() + skewMs(),
      after: (delayMs, callback) => {
        let isCancelled = false;
        const timer = world.after(delayMs, () => {
          this.awake(() => {
            if (!isCancelled) callback();
          });
        });
        const cancel = (): void => {
          isCancelled = true;
          timer.cancel();
        };
        return { cancel };
      },
    };
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  kill(): void {
    this.#isAlive = false;
  }

  freeze(ms: number): void {
    this.#frozenUntilMs = Math.max(this.#frozenUntilMs, this.#world.nowMs() + ms);
  }

  /** Does it now, or once the process goes on; never when it is dead. */
  awake(work: () => void): void {
    if (!this.#isAlive) return;
    const waitMs = this.#frozenUntilMs - this.#world.nowMs();
    if (waitMs <= 0) work();
    else this.#world.after(waitMs, () => this.awake(work));
  }

  /** What `effect` gives after `ms`. */
  later<T>(ms: number, effect: () => T | Promise<T>): Promise<T> {
    this.ambient(ms);
    return new Promise((resolve, reject) => {
      this.#world.after(ms, () => {
        if (!this.#isAlive) return;
        const settled = async (): Promise<T> => effect();
        settled().then(
          (value) => this.awake(() => resolve(value)),
          (error: unknown) => this.awake(() => reject(error)),
        );
      });
    });
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.after(ms, resolve));
  }
}
