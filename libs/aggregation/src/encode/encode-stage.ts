import { allocate } from '../kernels/kernels.js';
import { type EncodeKernels, encodeKernelsOver } from './encode-kernels.js';

/** Positions encoded at once: 360 KiB of operands, inside a core's second-level cache. */
export const ENCODE_POSITIONS = 8192;
/** Values of a 16-bit digit. */
const DIGIT_VALUES = 65_536;
/** The kernels work on four at a time. */
const SLACK = 8;

/** The memory of one encoding: everything about one chunk of positions. */
export class EncodeStage {
  readonly kernels: EncodeKernels;
  readonly before: Float32Array;
  readonly after: Float32Array;
  readonly residual: Float32Array;
  readonly x: Float64Array;
  /** The x that are sent, together, and their positions in the chunk; at first those of a chunk sent whole. */
  readonly picked: Float64Array;
  readonly at: Int32Array;
  readonly q: Uint8Array;
  /** What stays of the x that are sent. */
  readonly left: Float32Array;
  readonly counts: Uint32Array;
  readonly ties: Int32Array;

  /** @param d positions of the model; no more than a chunk of them is ever staged */
  constructor(d: number) {
    const n = Math.min(d + (d & 1), ENCODE_POSITIONS) + SLACK;
    const memory = allocate(44 * n + 4 * DIGIT_VALUES + 8);
    const { buffer } = memory;
    let end = 0;
    const next = (bytes: number): number => (end += bytes) - bytes;
    this.kernels = encodeKernelsOver(memory);
    this.x = new Float64Array(buffer, next(8 * n), n);
    this.picked = new Float64Array(buffer, next(8 * n), n);
    this.before = new Float32Array(buffer, next(4 * n), n);
    this.after = new Float32Array(buffer, next(4 * n), n);
    this.residual = new Float32Array(buffer, next(4 * n), n);
    this.left = new Float32Array(buffer, next(4 * n), n);
    this.at = new Int32Array(buffer, next(4 * n), n);
    this.q = new Uint8Array(buffer, next(4 * n), 4 * n);
    this.counts = new Uint32Array(buffer, next(4 * DIGIT_VALUES), DIGIT_VALUES);
    this.ties = new Int32Array(buffer, next(8), 1);
    for (let i = 0; i < n; i++) this.at[i] = i;
  }
}
