import type { Chunk, Positions } from '../fold-lane.js';
import type { LanePass } from './lane-pass.js';
import { stageCentre } from './norms-lane.js';
import { RowMemory } from './row-memory.js';
import type { PassPlace, RowPass } from './row-pass.js';

type WeighPass = Extract<RowPass, { kind: 'weigh' | 'moveCentre' }>;

/** Weighted sums of the updates, or of what separates them from the centre, which then moves by their mean. */
export class WeighLane implements LanePass {
  readonly #pass: WeighPass;
  readonly #place: PassPlace;
  readonly #memory: RowMemory;

  constructor(pass: WeighPass, place: PassPlace) {
    this.#pass = pass;
    this.#place = place;
    this.#memory = new RowMemory({ manifest: place.manifest, rows: 1, values: 1 });
  }

  get rows(): number {
    return this.#memory.rows.length;
  }

  run({ from, to }: Positions): void {
    const { lane, lanes } = this.#place;
    for (let index = from; index < to; index++) {
      if (index % lanes === lane) this.#sum(this.#memory.rows[index]);
    }
  }

  #sum(row: Chunk): void {
    const pass = this.#pass;
    const { updates, sums, z } = this.#place;
    const memory = this.#memory;
    memory.integers(memory.out, row).fill(0n);
    if (pass.kind === 'moveCentre') stageCentre(memory, this.#place, row);
    for (let i = 0; i < updates.length; i++) {
      if (pass.kind === 'moveCentre' || pass.weights[i] > 0) this.#add(i, row);
    }
    if (pass.kind === 'moveCentre') {
      memory.kernels.moveCentre(memory.out, memory.centre, row.length, updates.length);
      z?.set(memory.integers(memory.centre, row), row.position);
    }
    sums.set(memory.integers(memory.out, row), row.position);
  }

  #add(i: number, row: Chunk): void {
    const pass = this.#pass;
    const update = this.#place.updates[i];
    const memory = this.#memory;
    const { kernels } = memory;
    memory.read(update, row, 0);
    for (const block of memory.blocks(row)) {
      const place = { shifts: update.shifts, scale: pass.scales[i] };
      const values = memory.widen(block, place, { from: 0, to: 0 });
      if (pass.kind === 'moveCentre') {
        kernels.centre(values, memory.centre + 8 * block.at, block.count);
        const scale = pass.centreScales[i];
        if (scale !== 1) kernels.clip(values, block.count, scale);
      }
      const weight = pass.kind === 'weigh' ? pass.weights[i] : 1;
      kernels.weigh(memory.out + 8 * block.at, values, block.count, weight);
    }
  }
}
