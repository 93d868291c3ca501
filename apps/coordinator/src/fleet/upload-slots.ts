import { TallyError } from '@tallystick/kernel';
import { LIMITS } from '@tallystick/protocol';

/** Hands out the right to upload, first come, first served. */
export class UploadSlots {
  #free: number;
  readonly #limit: number;
  readonly #waiting: ((release: () => void) => void)[] = [];

  constructor(slots: number = LIMITS.uploadSlots, maxWaiting = 65_536) {
    this.#free = slots;
    this.#limit = maxWaiting;
  }

  /** Resolves with what gives the slot back (once). Rejects when aborted, or with NET_BUSY when too many wait. */
  take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve(this.#release());
    }
    if (this.#waiting.length >= this.#limit) {
      throw new TallyError('NET_BUSY', { what: 'uploads', limit: this.#limit });
    }
    return new Promise((resolve, reject) => {
      const granted = (release: () => void): void => {
        signal.removeEventListener('abort', aborted);
        resolve(release);
      };
      const aborted = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(granted), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', aborted, { once: true });
      this.#waiting.push(granted);
    });
  }

  #release(): () => void {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next(this.#release());
    };
  }
}
