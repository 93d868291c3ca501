import { type Clock, isTallyError, type RunId, sleep } from '@tallystick/kernel';
import { takeVoids, type TakeVoidsDeps } from './take-voids.js';

/** How often the chain is asked; a void waits for nothing. */
const LOOK_MS = 1_000;

export interface VoidWatchDeps extends TakeVoidsDeps {
  readonly clock: Clock;
  /** Rounds of the run are void; the rows say so already. */
  readonly voided: (run: RunId) => void;
}

/** Looks for rounds that the chain has voided: the rows first, then whoever plays the run. */
export class VoidWatch {
  readonly #deps: VoidWatchDeps;

  constructor(deps: VoidWatchDeps) {
    this.#deps = deps;
  }

  /** Until aborted. Rejects with ROUND_FENCED alone. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#deps;
    while (!signal.aborted) {
      await sleep(clock, LOOK_MS, signal);
      try {
        if (!signal.aborted) await this.step();
      } catch (error) {
        if (isTallyError(error, 'ROUND_FENCED')) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        logger.warn('ledger.voids_failed', { reason }); // chain or database away: looked at again
      }
    }
  }

  /** One look. */
  async step(): Promise<void> {
    const { voided, clock: _clock, ...deps } = this.#deps;
    for (const run of await takeVoids(deps)) voided(run);
  }
}
