import { TallyError } from '@tallystick/kernel';
import type { Positions } from '../chunk.js';
import { type Manifest, tensorAt } from '../manifest.js';
import type { EncodeStage } from './encode-stage.js';

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

/** x_j = (f64(after) − f64(before)) ÷ divisor + residual, computed in binary64 in the stage, chunk by chunk. */
export class Change {
  readonly #input: ChangeInput;
  readonly #stage: EncodeStage;
  readonly #divisor: number;
  /** First position of the chunk loaded last. */
  #start = 0;

  /** Throws RangeError for arrays of another length and a divisor that is not positive. */
  constructor(input: ChangeInput, stage: EncodeStage) {
    const { manifest, before, after, residual, divisor = 1 } = input;
    for (const array of [before, after, residual ?? before]) {
      if (array.length !== manifest.d) {
        throw new RangeError(`an array has ${array.length} elements, the manifest ${manifest.d}`);
      }
    }
    if (!(divisor > 0 && divisor < Infinity)) throw new RangeError(`divisor ${divisor}`);
    this.#input = input;
    this.#stage = stage;
    this.#divisor = divisor;
  }

  /** Stages the operands of a chunk. */
  load({ from, to }: Positions): void {
    const { before, after, residual } = this.#input;
    this.#start = from;
    this.#stage.before.set(before.subarray(from, to));
    this.#stage.after.set(after.subarray(from, to));
    if (residual !== undefined) this.#stage.residual.set(residual.subarray(from, to));
  }

  /**
   * Fills the stage's x at these positions of the chunk, its first at x[0], and returns the largest |x|. Throws
   * ENGINE_DIVERGED naming the tensor.
   */
  compute({ from, to }: Positions): number {
    const { before, after, residual, x, kernels } = this.#stage;
    const skip = from - this.#start;
    const max = kernels.change(
      before.byteOffset + 4 * skip,
      after.byteOffset + 4 * skip,
      this.#input.residual === undefined ? 0 : residual.byteOffset + 4 * skip,
      x.byteOffset + 8 * skip,
      to - from,
      this.#divisor,
    );
    if (max >= 0) return max;
    const bad = x.subarray(skip, skip + to - from).findIndex((value) => !Number.isFinite(value));
    throw new TallyError('ENGINE_DIVERGED', {
      tensor: tensorAt(this.#input.manifest, from + bad),
    });
  }

  /** UPDATE_OUT_OF_RANGE for a block that was computed, naming the tensor and its largest change. */
  outOfRange({ from, to }: Positions): TallyError {
    const x = this.#stage.x.subarray(from - this.#start, to - this.#start);
    const worst = x.reduce((best, value, i) => (Math.abs(value) > Math.abs(x[best]) ? i : best), 0);
    const tensor = tensorAt(this.#input.manifest, from + worst);
    return new TallyError('UPDATE_OUT_OF_RANGE', { tensor, delta: x[worst] });
  }
}
