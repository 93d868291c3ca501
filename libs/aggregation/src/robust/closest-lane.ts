import type { Chunk, Positions } from '../fold-lane.js';
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
    this.#memory = new RowMemory({ manifest: place.manifest, rows: n, values: n, extra });
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
    const { updates } = this.#place;
    const memory = this.#memory;
    members.forEach((i, at) => memory.read(updates[i], row, at));
    for (const block of memory.blocks(row)) {
      members.forEach((i, at) => {
        const place = { shifts: updates[i].shifts, scale: scales[i] };
        memory.widen(block, place, { from: at, to: at });
      });
      const rows = { rows: memory.values(0), stride: VALUE_STRIDE };
      const out = memory.out + 8 * block.at;
      memory.kernels.closest(...this.#table.sort({ ...rows, count: block.count, out }), keep);
    }
  }
}
