import type { Chunk, Positions } from '../chunk.js';
import type { LanePass } from './lane-pass.js';
import { stageCentre } from './norms-lane.js';
import { type RowBlock, RowMemory } from './row-memory.js';
import type { PassPlace, RowPass } from './row-pass.js';

type WeighPass = Extract<RowPass, { kind: 'weigh' | 'moveCentre' }>;

/** Weighted sums of the updates, or of what separates them from the centre, which then moves by their mean. */
export class WeighLane implements LanePass {
  readonly #pass: WeighPass;
  readonly #place: PassPlace;
  readonly #memory: RowMemory;

  constructor(pass: WeighPass, place: PassPlace) {
    const { updates } = place;
    this.#pass = pass;
    this.#place = place;
    this.#memory = new RowMemory(place, { updates, isTogether: false, values: 1 });
  }

  get rows(): number {
    return this.#memory.rows.length;
  }

  run({ from, to }: Positions): void {
    const { lane, lanes, sums } = this.#place;
    const memory = this.#memory;
    for (let index = from; index < to; index++) {
      if (index % lanes !== lane) continue;
      const row = memory.rows[index];
      memory.integers(memory.out, row).fill(0n);
      if (this.#pass.kind === 'weigh') this.#weigh(row, this.#pass);
      else this.#moveCentre(row, this.#pass);
      sums.set(memory.integers(memory.out, row), row.position);
    }
  }

  #weigh(row: Chunk, { weights, scales }: Extract<WeighPass, { kind: 'weigh' }>): void {
    const memory = this.#memory;
    for (let i = 0; i < weights.length; i++) {
      if (weights[i] === 0) continue;
      memory.load(i, row);
      for (const block of memory.blocks(row)) {
        this.#add(block, memory.widen(block, { i, scale: scales[i] }, 0), weights[i]);
      }
    }
  }

  #moveCentre(row: Chunk, pass: Extract<WeighPass, { kind: 'moveCentre' }>): void {
    const { updates, z } = this.#place;
    const memory = this.#memory;
    const { kernels, out, centre } = memory;
    stageCentre(memory, this.#place, row);
    for (let i = 0; i < updates.length; i++) {
      memory.load(i, row);
      for (const block of memory.blocks(row)) {
        const values = memory.widen(block, { i, scale: pass.scales[i] }, 0);
        kernels.centre(values, centre + 8 * block.at, block.count);
        const scale = pass.centreScales[i];
        if (scale !== 1) kernels.clip(values, block.count, scale);
        this.#add(block, values, 1);
      }
    }
    kernels.moveCentre(out, centre, row.length, updates.length);
    z?.set(memory.integers(centre, row), row.position);
  }

  #add({ at, count }: RowBlock, values: number, weight: number): void {
    this.#memory.kernels.weigh(this.#memory.out + 8 * at, values, count, weight);
  }
}
