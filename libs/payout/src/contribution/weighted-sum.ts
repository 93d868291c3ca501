const LIMB = 2 ** 20;
const UNIT = 2 ** -32;

/**
 * S_j = Σ n·v_j in two limbs of 20 and 43 bits, each exact in binary64: the order of adding cannot change a bit. With
 * the mean and the step as protocol.md §1.6 has them, so that the whole round gives the bits of a FedAvg step.
 */
export class WeightedSum {
  readonly #high: Float64Array;
  readonly #low: Float64Array;
  #weight = 0;

  constructor(d: number) {
    this.#high = new Float64Array(d);
    this.#low = new Float64Array(d);
  }

  /** @param values integers |v| < 2⁴¹, d of them; only read. @param weight n; their sum stays below 2²². */
  add(values: Float64Array, weight: number): void {
    const high = this.#high;
    const low = this.#low;
    for (let j = 0; j < values.length; j++) {
      const h = Math.floor(values[j] / LIMB);
      high[j] += weight * h;
      low[j] += weight * (values[j] - h * LIMB);
    }
    this.#weight += weight;
  }

  /** g_j = (f64(S_j) ÷ f64(W))·2⁻³² in model units, d binary64, fresh; zeros while nothing was added. */
  mean(): Float64Array {
    const mean = new Float64Array(this.#high.length);
    if (this.#weight === 0) return mean;
    for (let j = 0; j < mean.length; j++) {
      mean[j] = ((this.#high[j] * LIMB + this.#low[j]) / this.#weight) * UNIT;
    }
    return mean;
  }
}

/** fround(f64(base) + share·step): a model on the way from `base`, d float32, fresh. */
export function modelAt(base: Float32Array, step: Float64Array, share: number): Float32Array {
  const model = new Float32Array(base.length);
  for (let j = 0; j < base.length; j++) model[j] = base[j] + share * step[j];
  return model;
}
