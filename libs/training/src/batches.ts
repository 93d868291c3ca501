import type { SeedStream } from '@tallystick/aggregation';

/**
 * Row numbers of the batches of local training (protocol.md §2): a seeded permutation, a new one when it is used up,
 * the short last batch kept. A permutation is Fisher–Yates over 0, 1 … rows − 1: for i from rows − 1 down to 1, swap
 * positions i and `stream.below(i + 1)`.
 */
export class Batches {
  readonly #batchSize: number;
  readonly #stream: SeedStream;
  readonly #order: Uint32Array;
  #next: number;

  constructor(rows: number, batchSize: number, stream: SeedStream) {
    this.#batchSize = batchSize;
    this.#stream = stream;
    this.#order = new Uint32Array(rows);
    this.#next = rows;
  }

  /** The rows of the next batch: a view, good until the next call. */
  next(): Uint32Array {
    if (this.#next >= this.#order.length) this.#shuffle();
    const from = this.#next;
    this.#next = Math.min(from + this.#batchSize, this.#order.length);
    return this.#order.subarray(from, this.#next);
  }

  #shuffle(): void {
    const order = this.#order;
    for (let i = 0; i < order.length; i++) order[i] = i;
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.#stream.below(i + 1);
      const kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
    this.#next = 0;
  }
}
