const LIMB = 2 ** 20;
const LIMB_BITS = 20n;
/** Products of 24-bit integers with limbs of 21 bits: 256 stay below 2⁵². */
const GRADIENT_CHUNK = 256;
/** Products of limbs: 1,024 pairs stay below 2⁵³. */
const VALUE_CHUNK = 1024;

/**
 * Σ q_j·v_j, exact: v in limbs of 20 bits, sums of 256 products in binary64, those as bigint.
 * @param q |q| < 2²³  @param values integers |v| < 2⁴¹, as many
 */
export function gradientProduct(q: Int32Array, values: Float64Array): bigint {
  let total = 0n;
  for (let from = 0; from < q.length; from += GRADIENT_CHUNK) {
    const to = Math.min(from + GRADIENT_CHUNK, q.length);
    let high = 0;
    let low = 0;
    for (let j = from; j < to; j++) {
      const h = Math.floor(values[j] / LIMB);
      high += q[j] * h;
      low += q[j] * (values[j] - h * LIMB);
    }
    total += (BigInt(high) << LIMB_BITS) + BigInt(low);
  }
  return total;
}

/** Σ a_j·b_j, exact. Integers below 2⁴¹ in size. */
export function valueProduct(a: Float64Array, b: Float64Array): bigint {
  let total = 0n;
  for (let from = 0; from < a.length; from += VALUE_CHUNK) {
    const to = Math.min(from + VALUE_CHUNK, a.length);
    let high = 0;
    let middle = 0;
    let low = 0;
    for (let j = from; j < to; j++) {
      const aHigh = Math.floor(a[j] / LIMB);
      const aLow = a[j] - aHigh * LIMB;
      const bHigh = Math.floor(b[j] / LIMB);
      const bLow = b[j] - bHigh * LIMB;
      high += aHigh * bHigh;
      middle += aHigh * bLow + aLow * bHigh;
      low += aLow * bLow;
    }
    total += (((BigInt(high) << LIMB_BITS) + BigInt(middle)) << LIMB_BITS) + BigInt(low);
  }
  return total;
}
