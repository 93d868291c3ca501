/** A gradient as it is published: value_j = q_j·2^−exponent loss units per model unit. */
export interface QuantisedGradient {
  readonly exponent: number;
  /** d integers, |q| ≤ 2²³ − 1. */
  readonly values: Int32Array;
}

export const Q_MAX: number = 2 ** 23 - 1;
export const MIN_EXPONENT = -64;
export const MAX_EXPONENT = 126;

/**
 * Rounds half to even to 24-bit integers, with the largest exponent that fits before rounding. A gradient that is not
 * finite or too long to hold becomes zeros: such a round scores nobody.
 */
export function quantiseGradient(gradient: Float64Array): QuantisedGradient {
  let most = 0;
  let isFinite = true;
  for (const value of gradient) {
    if (!Number.isFinite(value)) isFinite = false;
    most = Math.max(most, Math.abs(value));
  }
  let exponent = MAX_EXPONENT;
  while (exponent >= MIN_EXPONENT && most * 2 ** exponent > Q_MAX) exponent--;
  const scale = isFinite && exponent >= MIN_EXPONENT ? 2 ** exponent : 0;
  const values = new Int32Array(gradient.length);
  if (scale > 0)
    for (let j = 0; j < values.length; j++) values[j] = nearestEven(gradient[j] * scale);
  return { exponent: values.some((q) => q !== 0) ? exponent : 0, values };
}

function nearestEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

/** Squared relative error that two engines may differ by: 10⁻³ of the length (step V11). */
const TOLERANCE = 1e-6;

/** True iff |published − derived|² ≤ 10⁻⁶·|derived|². */
export function gradientAgrees(published: QuantisedGradient, derived: QuantisedGradient): boolean {
  if (published.values.length !== derived.values.length) return false;
  let error = 0;
  let length = 0;
  for (let j = 0; j < derived.values.length; j++) {
    const want = derived.values[j] * 2 ** -derived.exponent;
    const difference = published.values[j] * 2 ** -published.exponent - want;
    error += difference * difference;
    length += want * want;
  }
  return error <= TOLERANCE * length;
}
