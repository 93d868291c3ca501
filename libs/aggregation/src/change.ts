import { TallyError } from '@tallystick/kernel';
import { BLOCK_POSITIONS, type Manifest, tensorAt } from './manifest.js';
import type { Positions } from './chunk.js';

/** What an update is about; d float32 each. */
export interface ChangeInput {
  readonly manifest: Manifest;
  /** The global model, finite. */
  readonly before: Float32Array;
  /** The locally trained model. */
  readonly after: Float32Array;
  /** FedNova's τ: the change is divided by it. 1 when not given. */
  readonly divisor?: number | undefined;
  /** What earlier updates left unsent (error feedback). */
  readonly residual?: Float32Array | undefined;
}

/** x_j = (f64(after) − f64(before)) ÷ divisor + residual, computed in binary64 block by block. */
export class Change {
  /** The x of the block read last. */
  readonly x: Float64Array = new Float64Array(BLOCK_POSITIONS);
  readonly #input: ChangeInput;
  readonly #divisor: number;
  readonly #residual: Float32Array | undefined;

  /** Throws RangeError for arrays of another length and a divisor that is not positive. */
  constructor(input: ChangeInput) {
    const { manifest, before, after, residual, divisor = 1 } = input;
    for (const array of [before, after, residual ?? before]) {
      if (array.length !== manifest.d) {
        throw new RangeError(`an array has ${array.length} elements, the manifest ${manifest.d}`);
      }
    }
    if (!(divisor > 0 && divisor < Infinity)) throw new RangeError(`divisor ${divisor}`);
    this.#input = input;
    this.#divisor = divisor;
    this.#residual = residual;
  }

  /** Fills `x` for one block and returns its largest |x|. Throws ENGINE_DIVERGED naming the tensor. */
  read({ from, to }: Positions): number {
    const { before, after } = this.#input;
    const { x } = this;
    const divisor = this.#divisor;
    for (let j = from; j < to; j++) x[j - from] = (after[j] - before[j]) / divisor;
    const residual = this.#residual;
    if (residual !== undefined) for (let j = from; j < to; j++) x[j - from] += residual[j];
    let max = 0;
    for (let i = 0; i < to - from; i++) {
      const size = Math.abs(x[i]);
      if (!(size < Infinity)) throw this.#diverged(from + i);
      if (size > max) max = size;
    }
    return max;
  }

  /** UPDATE_OUT_OF_RANGE for the block read last, naming the tensor and its largest change. */
  outOfRange({ from, to }: Positions): TallyError {
    let worst = 0;
    for (let i = 0; i < to - from; i++) {
      if (Math.abs(this.x[i]) > Math.abs(this.x[worst])) worst = i;
    }
    const tensor = tensorAt(this.#input.manifest, from + worst);
    return new TallyError('UPDATE_OUT_OF_RANGE', { tensor, delta: this.x[worst] });
  }

  #diverged(position: number): TallyError {
    return new TallyError('ENGINE_DIVERGED', { tensor: tensorAt(this.#input.manifest, position) });
  }
}
