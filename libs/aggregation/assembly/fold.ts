// sums[j] += (q[j] · weight) << shift, for j in 0..count; one function per codec. `sums` is i64, everything may be
// unaligned. With |q · 2^shift| < 2^41 and weight < 2^22 every product stays below 2^63 (protocol.md §1.5). The weight
// is multiplied before the shift because weight · 2^shift would not fit the narrower lanes. The range of q is measured
// apart: a block of 4 KiB stays in the first cache, and the maximum in this loop cost a tenth more.
import { valueOf } from './measure';

export function accumulate32(sums: usize, q: usize, count: i32, weight: i32, shift: i32): void {
  const weights = i32x4.splat(weight);
  const end = q + ((count & ~3) << 2);
  while (q < end) {
    addFour(sums, v128.load(q), weights, shift);
    sums += 32;
    q += 16;
  }
  addRest<i32>(sums, q, count & 3, weight, shift);
}

export function accumulate16(sums: usize, q: usize, count: i32, weight: i32, shift: i32): void {
  const weights = i32x4.splat(weight);
  const end = q + ((count & ~7) << 1);
  while (q < end) {
    const eight = v128.load(q);
    addFour(sums, i32x4.extend_low_i16x8_s(eight), weights, shift);
    addFour(sums + 32, i32x4.extend_high_i16x8_s(eight), weights, shift);
    sums += 64;
    q += 16;
  }
  addRest<i16>(sums, q, count & 7, weight, shift);
}

export function accumulate8(sums: usize, q: usize, count: i32, weight: i32, shift: i32): void {
  const weights = i32x4.splat(weight);
  const end = q + (count & ~15);
  while (q < end) {
    const sixteen = v128.load(q);
    const low = i16x8.extend_low_i8x16_s(sixteen);
    const high = i16x8.extend_high_i8x16_s(sixteen);
    addFour(sums, i32x4.extend_low_i16x8_s(low), weights, shift);
    addFour(sums + 32, i32x4.extend_high_i16x8_s(low), weights, shift);
    addFour(sums + 64, i32x4.extend_low_i16x8_s(high), weights, shift);
    addFour(sums + 96, i32x4.extend_high_i16x8_s(high), weights, shift);
    sums += 128;
    q += 16;
  }
  addRest<i8>(sums, q, count & 15, weight, shift);
}

function addFour(sums: usize, four: v128, weights: v128, shift: i32): void {
  const low = i64x2.shl(i64x2.extmul_low_i32x4_s(four, weights), shift);
  const high = i64x2.shl(i64x2.extmul_high_i32x4_s(four, weights), shift);
  v128.store(sums, i64x2.add(v128.load(sums), low));
  v128.store(sums, i64x2.add(v128.load(sums, 16), high), 16);
}

function addRest<T>(sums: usize, q: usize, rest: i32, weight: i32, shift: i32): void {
  for (; rest > 0; rest--) {
    const product = (<i64>load<T>(q) * <i64>weight) << (<i64>shift);
    store<i64>(sums, load<i64>(sums) + product);
    sums += 8;
    q += sizeof<T>();
  }
}

/**
 * sums[j] += weight · v'[j] with v' = roundTiesToEven(f64(v) · scale) and v = q · factor: what the norm clip leaves of an
 * update (protocol.md §1.8). Every v is exact in binary64, and |v'| ≤ |v| < 2^41. One q has `size` bytes.
 */
export function accumulateClipped(
  sums: usize,
  q: usize,
  count: i32,
  weight: i64,
  factor: f64,
  scale: f64,
  size: i32,
): void {
  for (const end = sums + (count << 3); sums < end; sums += 8) {
    const clipped = <i64>nearest<f64>(valueOf(q, size) * factor * scale);
    store<i64>(sums, load<i64>(sums) + clipped * weight);
    q += size;
  }
}
