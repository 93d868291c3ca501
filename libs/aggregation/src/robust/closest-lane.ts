import type { Chunk, Positions } from '../chunk.js';
import type { LanePass } from './lane-pass.js';
import { RowMemory, VALUE_STRIDE } from './row-memory.js';
import type { PassPlace, RowPass } from './row-pass.js';
import { SortTable, sortTableBytes } from './sort-table.js';
import { rankNetwork } from './sorting-network.js';

type ClosestPass = Extract<RowPass, { kind: 'closest' }>;

/** The values nearest to the median at each position: the last step of Bulyan. The products before it cost more. */
export class ClosestLane implements LanePass {
  readonly #pass: ClosestPass;
  readonly #place: PassPlace;
  readonly #memory: RowMemory;
  readonly #table: SortTable;

  constructor(pass: ClosestPass, place: PassPlace) {
    const n = pass.members.length;
    const network = rankNetwork(n, { from: 0, to: n });
    const extra = sortTableBytes(n, network);
    this.#pass = pass;
    this.#place = place;
    const updates = pass.members.map((i) => place.updates[i]);
    this.#memory = new RowMemory(place, { updates, isTogether: true, values: n, extra });
    this.#table = new SortTable(this.#memory, n, network);
  }

  get rows(): number {
    return this.#memory.rows.length;
  }

  run({ from, to }: Positions): void {
    const { lane, lanes, sums } = this.#place;
    for (let index = from; index < to; index++) {
      if (index % lanes !== lane) continue;
      const row = this.#memory.rows[index];
      this.#sort(row);
      sums.set(this.#memory.integers(this.#memory.out, row), row.position);
    }
  }

  #sort(row: Chunk): void {
    const { members, scales, keep } = this.#pass;
    const memory = this.#memory;
    for (let at = 0; at < members.length; at++) memory.load(at, row);
    for (const block of memory.blocks(row)) {
      for (let at = 0; at < members.length; at++) {
        memory.widen(block, { i: at, scale: scales[members[at]] }, at);
      }
      const rows = { rows: memory.values(0), stride: VALUE_STRIDE };
      const out = memory.out + 8 * block.at;
      memory.kernels.closest(...this.#table.sort({ ...rows, count: block.count, out }), keep);
    }
  }
}
