import {
  type FoldItem,
  FoldLane,
  type FoldTotals,
  type LanePass,
  modelParts,
  openPass,
  type Positions,
  type RowPass,
  stateFileParts,
  stepRange,
  sumsOf,
  type UpdateSource,
} from '@tallystick/aggregation';
import { bytesOf, FsBlobStore, withFile } from '@tallystick/blobs';
import { type Hash, TallyError, ZERO_HASH } from '@tallystick/kernel';
import type { Inspection } from '@tallystick/rounds';
import { inspectUpdate, readHashed } from './read-update.js';
import type { FoldFile, OpenLane, StoredFile } from './tasks.js';
import { UpdateFiles } from './update-files.js';

/** One lane of one fold, inside its worker. */
export class LaneSession {
  readonly #open: OpenLane;
  readonly #lane: FoldLane;
  #files: UpdateFiles | undefined;
  #pass: LanePass | undefined;

  constructor(open: OpenLane) {
    this.#open = open;
    this.#lane = new FoldLane(open.shape, open.memory, open.lane);
  }

  inspect(file: StoredFile): Inspection {
    return reading(file, (source) => inspectUpdate(file.update, source, this.#lane));
  }

  squaredNorm(file: StoredFile): number {
    return reading(file, (source) => this.#lane.squaredNorm(source));
  }

  /** Adds one update that is checked on the way. */
  addStored(file: FoldFile): void {
    reading(file, (source) => this.#lane.fold({ ...file, source, isInspected: false }));
  }

  /** Adds inspected updates, all of them chunk by chunk. */
  add(files: readonly FoldFile[]): void {
    withFiles(files, (items) => this.#lane.fold(...items));
  }

  /** Makes ready for passes over these files. */
  gather(paths: readonly string[]): void {
    this.#files = new UpdateFiles(paths);
  }

  /** Begins this lane's part of a pass over the gathered files; returns the rows of the model. */
  openPass(pass: RowPass): number {
    const { shape, memory, start, lane } = this.#open;
    const files = given(this.#files);
    try {
      const sums = sumsOf(memory, shape.manifest);
      const place = { ...shape, updates: files.updates, sums, z: start.state?.z, lane };
      this.#pass = openPass(pass, place);
      return this.#pass.rows;
    } finally {
      files.release();
    }
  }

  /** Works on some rows; their files are open no longer than this. */
  runPass(rows: Positions): void {
    try {
      given(this.#pass).run(rows);
    } finally {
      given(this.#files).release();
    }
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
    const model = await blobs.putParts(modelParts(manifest, weights));
    if (state === undefined) return { model, state: ZERO_HASH };
    return { model, state: await blobs.putParts(stateFileParts(manifest, state)) };
  }
}

function reading<T>({ update, path, isHashed }: StoredFile, use: (source: UpdateSource) => T): T {
  return withFile(path, update, (file) =>
    isHashed ? readHashed(update, bytesOf(file), use) : use(bytesOf(file)),
  );
}

/** Has all files open at once: a task has at most 64. */
function withFiles(
  [first, ...rest]: readonly FoldFile[],
  use: (items: readonly FoldItem[]) => void,
  opened: readonly FoldItem[] = [],
): void {
  if (first === undefined) return use(opened);
  withFile(first.path, first.update, (file) => {
    const { weight, scale } = first;
    const item = { source: bytesOf(file), weight, scale, isInspected: true };
    withFiles(rest, use, [...opened, item]);
  });
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new TallyError('INTERNAL', { reason: 'nothing was gathered' });
  return value;
}

/** The entry of `id`, or INTERNAL: a worker that was replaced after a crash holds nothing. */
export function held<T>(entries: ReadonlyMap<number, T>, id: number, what: string): T {
  const entry = entries.get(id);
  if (entry === undefined) {
    throw new TallyError('INTERNAL', { reason: `${what} ${id} is not open in this worker` });
  }
  return entry;
}
