/**
 * sums[j] += (q[j] · weight) << shift, for j in 0..count. `sums` is i64, `q` i32; both may be unaligned.
 * With |q| < 2^31, weight < 2^22 and shift ≤ 10 every product stays below 2^63 (protocol.md §1.5).
 * The weight is multiplied before the shift because weight · 2^shift would not fit the i32 lanes.
 */
export function accumulate(sums: usize, q: usize, count: i32, weight: i32, shift: i32): void {
  const weights = i32x4.splat(weight);
  const end = q + ((count & ~3) << 2);
  while (q < end) {
    const four = v128.load(q);
    const low = i64x2.shl(i64x2.extmul_low_i32x4_s(four, weights), shift);
    const high = i64x2.shl(i64x2.extmul_high_i32x4_s(four, weights), shift);
    v128.store(sums, i64x2.add(v128.load(sums), low));
    v128.store(sums, i64x2.add(v128.load(sums, 16), high), 16);
    sums += 32;
    q += 16;
  }
  for (let rest = count & 3; rest > 0; rest--) {
    const product = (<i64>load<i32>(q) * <i64>weight) << (<i64>shift);
    store<i64>(sums, load<i64>(sums) + product);
    sums += 8;
    q += 4;
  }
}

/** Largest |q[j]| as u32; the codec's forbidden minimum −2^31 therefore comes out as 2^31. */
export function maxAbs(q: usize, count: i32): u32 {
  let top = i32x4.splat(0);
  const end = q + ((count & ~3) << 2);
  while (q < end) {
    top = i32x4.max_u(top, i32x4.abs(v128.load(q)));
    q += 16;
  }
  let max = umax(
    umax(<u32>i32x4.extract_lane(top, 0), <u32>i32x4.extract_lane(top, 1)),
    umax(<u32>i32x4.extract_lane(top, 2), <u32>i32x4.extract_lane(top, 3)),
  );
  for (let rest = count & 3; rest > 0; rest--) {
    const value = load<i32>(q);
    max = umax(max, <u32>(value < 0 ? -value : value));
    q += 4;
  }
  return max;
}

function umax(a: u32, b: u32): u32 {
  return a > b ? a : b;
}
