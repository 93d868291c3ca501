import type { RunId } from '@tallystick/kernel';
import { takeVoids, type TakeVoidsDeps } from '../ledger/take-voids.js';

export interface VoidWatchDeps extends TakeVoidsDeps {
  /** Rounds of the run are void; the rows say so already. */
  readonly voided: (run: RunId) => void;
}

/** Looks for rounds that the chain has voided: the rows first, then whoever plays the run. */
export class VoidWatch {
  readonly #deps: VoidWatchDeps;

  constructor(deps: VoidWatchDeps) {
    this.#deps = deps;
  }

  async step(): Promise<void> {
    const { voided, ...deps } = this.#deps;
    for (const run of await takeVoids(deps)) voided(run);
  }
}
