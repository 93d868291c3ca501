import type { Chunk, Positions } from '../chunk.js';
import { moduleOf } from '../kernels/kernels.js';
import type { LanePass } from './lane-pass.js';
import { emitRankModule, type RankCode, type RankKernel } from './rank-module.js';
import { type RowBlock, RowMemory, VALUE_STRIDE } from './row-memory.js';
import type { PassPlace, RowPass } from './row-pass.js';
import { SortTable, sortTableBytes } from './sort-table.js';
import { rankNetwork } from './sorting-network.js';

type RankPass = Extract<RowPass, { kind: 'rank' }>;

/** Up to here straight-line code is faster than the table: its values stay in registers and the first cache. */
const MAX_EMITTED = 64;

/** Adds up some ranks of `count` positions of rows that begin at `rows`. */
type Rank = (rows: number, out: number, count: number, shift: number) => void;

/** Sorts all updates at each position: coordinate median and trimmed mean. */
export class RankLane implements LanePass {
  readonly #pass: RankPass;
  readonly #place: PassPlace;
  readonly #memory: RowMemory;
  readonly #rank: { readonly i32: Rank; readonly f64: Rank };

  constructor(pass: RankPass, place: PassPlace) {
    const { updates } = place;
    const n = updates.length;
    this.#pass = pass;
    this.#place = place;
    const network = rankNetwork(n, pass);
    const extra = n > MAX_EMITTED ? sortTableBytes(n, network) : 0;
    const memory = new RowMemory(place, { updates, isTogether: true, values: n, extra });
    this.#memory = memory;
    this.#rank =
      n > MAX_EMITTED
        ? fromTable(memory, pass, new SortTable(memory, n, network))
        : emitted(memory, { ...pass, n, network });
  }

  get rows(): number {
    return this.#memory.rows.length;
  }

  run({ from, to }: Positions): void {
    const { lane, lanes, updates, sums } = this.#place;
    const memory = this.#memory;
    for (let index = from; index < to; index++) {
      if (index % lanes !== lane) continue;
      const row = memory.rows[index];
      for (let i = 0; i < updates.length; i++) memory.load(i, row);
      this.#sort(row);
      sums.set(memory.integers(memory.out, row), row.position);
    }
  }

  /** Groups reach beyond the end of a block; the next block, or nobody, writes there again. */
  #sort(row: Chunk): void {
    const { scales } = this.#pass;
    const memory = this.#memory;
    for (const block of memory.blocks(row)) {
      const out = memory.out + 8 * block.at;
      const shift = this.#commonShift(block);
      if (shift !== undefined) {
        this.#rank.i32(memory.q + 4 * block.at, out, block.count, shift);
        continue;
      }
      for (let i = 0; i < scales.length; i++) memory.widen(block, { i, scale: scales[i] }, i);
      this.#rank.f64(memory.values(0), out, block.count, 0);
    }
  }

  /** The shift of all updates in this block, when their i32 q order them as v does. */
  #commonShift(block: RowBlock): number | undefined {
    if (this.#place.form.codec !== 'i32') return undefined;
    const shift = this.#memory.shift(0, block);
    const isCommon = this.#pass.scales.every(
      (scale, i) => scale === 1 && this.#memory.shift(i, block) === shift,
    );
    return isCommon ? shift : undefined;
  }
}

/** Each kind of keys is compiled when it is met first: most rounds never see the second. */
function emitted(
  { memory, stride }: RowMemory,
  code: Omit<RankCode, 'keys' | 'stride'>,
): { i32: Rank; f64: Rank } {
  const kernelOf = (keys: RankCode['keys'], apart: number): RankKernel =>
    moduleOf<RankKernel>(emitRankModule({ ...code, keys, stride: apart }))(memory);
  let i32: RankKernel | undefined;
  let f64: RankKernel | undefined;
  return {
    i32: (rows, out, count, shift) => {
      i32 ??= kernelOf('i32', stride);
      i32.rank(rows, out, rows + 4 * count, shift);
    },
    f64: (rows, out, count, shift) => {
      f64 ??= kernelOf('f64', VALUE_STRIDE);
      f64.rank(rows, out, rows + 8 * count, shift);
    },
  };
}

function fromTable(
  { kernels, stride }: RowMemory,
  { from, to, halve }: RankPass,
  table: SortTable,
): { i32: Rank; f64: Rank } {
  return {
    i32: (rows, out, count, shift) =>
      kernels.rank32(...table.sort({ rows, stride, count, out }), from, to, shift, halve),
    f64: (rows, out, count) =>
      kernels.rank64(...table.sort({ rows, stride: VALUE_STRIDE, count, out }), from, to, halve),
  };
}
