import type { Clock } from '@tallystick/kernel';
import type { VirtualClock } from '@tallystick/kernel/testing';

/**
 * One life of a program. After `kill` none of its timers fires and nothing it waits for ever settles: whatever was
 * under way stops between two events, as in kill -9.
 */
export class SimProcess {
  /** Wall time of its machine; timers go by true time. */
  readonly clock: Clock;
  /** Asked at every input or output, with how long that takes: the place where faults of its machine strike. */
  ambient: (durationMs: number) => void = () => undefined;
  #isAlive = true;
  readonly #world: VirtualClock;

  constructor(world: VirtualClock, skewMs: () => number = () => 0) {
    this.#world = world;
    this.clock = {
      nowMs: () => world.nowMs() + skewMs(),
      after: (delayMs, callback) =>
        world.after(delayMs, () => {
          if (this.#isAlive) callback();
        }),
    };
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  kill(): void {
    this.#isAlive = false;
  }

  /** What `effect` gives after `ms`. */
  later<T>(ms: number, effect: () => T | Promise<T>): Promise<T> {
    this.ambient(ms);
    return new Promise((resolve, reject) => {
      this.#world.after(ms, () => {
        if (!this.#isAlive) return;
        try {
          resolve(effect());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.after(ms, resolve));
  }
}
