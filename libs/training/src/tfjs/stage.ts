import type { Examples } from '../data/dataset.js';
import type { Batch } from './sgd.js';

/** Gathers the rows of a batch into two buffers made once. The wasm backend copies them when a tensor is made. */
export class Stage {
  readonly #examples: Examples;
  readonly #width: number;
  readonly #x: Float32Array;
  readonly #y: Float32Array;

  constructor(examples: Examples, batchSize: number) {
    const rows = Math.min(batchSize, examples.rows);
    this.#examples = examples;
    this.#width = examples.x.length / examples.rows;
    this.#x = new Float32Array(rows * this.#width);
    this.#y = new Float32Array(rows);
  }

  fill(rows: Uint32Array): Batch {
    const width = this.#width;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      this.#x.set(this.#examples.x.subarray(row * width, (row + 1) * width), i * width);
      this.#y[i] = this.#examples.y[row];
    }
    return { x: this.#x.subarray(0, rows.length * width), y: this.#y.subarray(0, rows.length) };
  }
}
