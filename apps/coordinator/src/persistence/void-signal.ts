import type { RunId } from '@tallystick/kernel';

/** Says that rows of a run were voided. Whoever plays runs sets the listener; the rows themselves say the rest. */
export class VoidSignal {
  #listener: (run: RunId) => void = () => undefined;

  raise(run: RunId): void {
    this.#listener(run);
  }

  listen(listener: (run: RunId) => void): void {
    this.#listener = listener;
  }
}
