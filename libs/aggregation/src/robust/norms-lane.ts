import { TallyError } from '@tallystick/kernel';
import type { Chunk, Positions } from '../fold-lane.js';
import type { LanePass } from './lane-pass.js';
import { RowMemory } from './row-memory.js';
import type { PassPlace, RowPass } from './row-pass.js';

/** Squared lengths of the updates: each lane reads whole updates, every one in the order of its blocks. */
export class NormsLane implements LanePass {
  readonly #pass: Extract<RowPass, { kind: 'norms' }>;
  readonly #place: PassPlace;
  readonly #memory: RowMemory;

  constructor(pass: Extract<RowPass, { kind: 'norms' }>, place: PassPlace) {
    this.#pass = pass;
    this.#place = place;
    this.#memory = new RowMemory({ manifest: place.manifest, rows: 1, values: 1 });
  }

  get rows(): number {
    return this.#memory.rows.length;
  }

  run({ from, to }: Positions): void {
    const { updates, lane, lanes } = this.#place;
    for (const row of this.#memory.rows.slice(from, to)) {
      if (this.#pass.isCentred) stageCentre(this.#memory, this.#place, row);
      for (let i = lane; i < updates.length; i += lanes) this.#add(i, row);
    }
  }

  #add(i: number, row: Chunk): void {
    const { scales, isCentred, result } = this.#pass;
    const memory = this.#memory;
    const update = this.#place.updates[i];
    memory.read(update, row, 0);
    for (const block of memory.blocks(row)) {
      const place = { shifts: update.shifts, scale: scales[i] };
      const values = memory.widen(block, place, { from: 0, to: 0 });
      const z = memory.centre + 8 * block.at;
      if (isCentred) memory.kernels.centre(values, z, block.count);
      result[i] += memory.kernels.sumSquares(values, block.count);
    }
  }
}

/** Copies the centre's part of a row into the lane's memory. */
export function stageCentre(memory: RowMemory, { z }: PassPlace, row: Chunk): void {
  if (z === undefined) throw new TallyError('INTERNAL', { reason: 'the fold has no centre' });
  const part = z.subarray(row.position, row.position + row.length);
  memory.integers(memory.centre, row).set(part);
}
