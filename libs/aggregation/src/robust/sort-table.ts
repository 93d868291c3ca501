import type { SortArguments } from './robust-kernels.js';
import type { RowMemory } from './row-memory.js';
import type { Comparator } from './sorting-network.js';

/** Bytes of one value's place while a group is sorted. */
const PLACE_BYTES = 64;

/** Bytes that a table of this network and its scratch take in a pass's own part of the memory. */
export function sortTableBytes(n: number, network: readonly Comparator[]): number {
  return PLACE_BYTES * n + 8 * network.length;
}

/** A network as the table-driven kernels read it, behind the scratch that they sort in. */
export class SortTable {
  readonly #n: number;
  readonly #scratch: number;
  readonly #table: number;
  readonly #end: number;

  constructor({ memory, extra }: RowMemory, n: number, network: readonly Comparator[]) {
    this.#n = n;
    this.#scratch = extra;
    this.#table = extra + PLACE_BYTES * n;
    this.#end = this.#table + 8 * network.length;
    const places = network.flatMap(({ low, high }) => [PLACE_BYTES * low, PLACE_BYTES * high]);
    new Uint32Array(memory.buffer, this.#table, places.length).set(places);
  }

  /** What a kernel is told: sort `count` positions of rows that begin at `rows`. */
  sort(at: { rows: number; stride: number; count: number; out: number }): SortArguments {
    const { rows, stride, count, out } = at;
    return [rows, stride, this.#n, count, out, this.#scratch, this.#table, this.#end];
  }
}
