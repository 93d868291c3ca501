import type { NodeId, RunId } from '@tallystick/kernel';
import type { RunLoop } from '@tallystick/rounds';

/** Run → the loop that plays it in this process. */
export class RoundDirectory {
  readonly #loops = new Map<RunId, RunLoop>();

  add(run: RunId, loop: RunLoop): void {
    this.#loops.set(run, loop);
  }

  remove(run: RunId): void {
    this.#loops.delete(run);
  }

  find(run: RunId): RunLoop | undefined {
    return this.#loops.get(run);
  }

  /** A node's session is up: every live run offers what it has for it. */
  joined(node: NodeId): void {
    for (const loop of this.#loops.values()) loop.joined(node);
  }
}
