import {
  encodeModel,
  encodeState,
  FoldLane,
  type FoldTotals,
  stepRange,
  sumsOf,
} from '@tallystick/aggregation';
import { FsBlobStore } from '@tallystick/blobs';
import { type Hash, TallyError, ZERO_HASH } from '@tallystick/kernel';
import type { Inspection } from '@tallystick/rounds';
import { foldFile, inspectFile } from './read-update.js';
import type { OpenLane } from './tasks.js';

/** One lane of one fold, inside its worker. */
export class LaneSession {
  readonly #open: OpenLane;
  readonly #lane: FoldLane;

  constructor(open: OpenLane) {
    this.#open = open;
    this.#lane = new FoldLane(open.shape, open.memory, open.lane);
  }

  inspect(update: Hash, path: string): Inspection {
    return inspectFile(update, path, this.#lane);
  }

  add(path: string, weight: number): void {
    foldFile(path, weight, this.#lane);
  }

  /** Steps the shared weights and state at this lane's positions of the updates. */
  step(totals: FoldTotals): boolean {
    const { shape, memory, start, strategy, cohort } = this.#open;
    const sums = sumsOf(memory, shape.manifest);
    const arrays = { model: start.weights, sums, state: start.state };
    return stepRange(arrays, { ...totals, strategy, cohort }, this.#lane.positions);
  }

  /** Writes the whole stepped model and state; every lane has stepped before. */
  async store(folder: string): Promise<{ model: Hash; state: Hash }> {
    const { manifest, weights, state } = this.#open.start;
    const blobs = new FsBlobStore({ folder });
    const model = await blobs.put(encodeModel(manifest, weights));
    if (state === undefined) return { model, state: ZERO_HASH };
    return { model, state: await blobs.put(encodeState(manifest, state)) };
  }
}

/** The entry of `id`, or INTERNAL: a worker that was replaced after a crash holds nothing. */
export function held<T>(entries: ReadonlyMap<number, T>, id: number, what: string): T {
  const entry = entries.get(id);
  if (entry === undefined) {
    throw new TallyError('INTERNAL', { reason: `${what} ${id} is not open in this worker` });
  }
  return entry;
}
