import type { NodeId, RunId } from '@tallystick/kernel';
import type { RunLoop, RunStatus } from '@tallystick/rounds';

/** Ended runs whose last results are still sent to nodes that come back. */
const KEPT = 16;

/** Run → the loop that plays it in this process, and the loops of the runs that ended last. */
export class RoundDirectory {
  readonly #playing = new Map<RunId, RunLoop>();
  readonly #ended = new Map<RunId, RunLoop>();

  add(run: RunId, loop: RunLoop): void {
    this.#ended.delete(run);
    this.#playing.set(run, loop);
  }

  /** The loop has come to its end, or is given up: it takes nothing any more. */
  retire(run: RunId): void {
    const loop = this.#playing.get(run);
    if (loop === undefined) return;
    this.#playing.delete(run);
    this.#ended.set(run, loop);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > KEPT && oldest !== undefined) this.#ended.delete(oldest);
  }

  /** The loop that plays the run. */
  find(run: RunId): RunLoop | undefined {
    return this.#playing.get(run);
  }

  /** Where every run that plays stands. */
  statuses(): readonly RunStatus[] {
    return [...this.#playing.values()].map((loop) => loop.status());
  }

  /** A node's session is up: every run offers what it has for it, or tells how it ended. */
  joined(node: NodeId): void {
    for (const loop of this.#ended.values()) loop.joined(node);
    for (const loop of this.#playing.values()) loop.joined(node);
  }
}
