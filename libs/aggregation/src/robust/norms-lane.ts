import { TallyError } from '@tallystick/kernel';
import type { Chunk, Positions } from '../chunk.js';
import type { LanePass } from './lane-pass.js';
import { RowMemory } from './row-memory.js';
import type { PassPlace, RowPass } from './row-pass.js';

type NormsPass = Extract<RowPass, { kind: 'norms' }>;

/** Squared lengths of the updates: each lane reads whole updates, every one in the order of its blocks. */
export class NormsLane implements LanePass {
  readonly #pass: NormsPass;
  readonly #place: PassPlace;
  readonly #memory: RowMemory;
  /** This lane's updates. */
  readonly #own: readonly number[];

  constructor(pass: NormsPass, place: PassPlace) {
    const { updates, lane, lanes } = place;
    this.#pass = pass;
    this.#place = place;
    this.#own = [...updates.keys()].filter((i) => i % lanes === lane);
    const own = this.#own.map((i) => updates[i]);
    this.#memory = new RowMemory(place, { updates: own, isTogether: false, values: 1 });
  }

  get rows(): number {
    return this.#memory.rows.length;
  }

  run({ from, to }: Positions): void {
    for (const row of this.#memory.rows.slice(from, to)) {
      if (this.#pass.isCentred) stageCentre(this.#memory, this.#place, row);
      for (let at = 0; at < this.#own.length; at++) this.#add(at, row);
    }
  }

  #add(at: number, row: Chunk): void {
    const { scales, isCentred, result } = this.#pass;
    const memory = this.#memory;
    const i = this.#own[at];
    memory.load(at, row);
    for (const block of memory.blocks(row)) {
      const values = memory.widen(block, { i: at, scale: scales[i] }, 0);
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
