// One update's values v of one block, as binary64: |v| < 2^42, so every one is exact. `count` is at most 1,024.
// Groups of two positions are worked on; a value row has room for one beyond an odd count, and `widen` sets it to 0.

/** 1.5 · 2^52: adding it to an integer |x| < 2^51 puts x into the low bits of the sum. */
const MAGIC: f64 = 6755399441055744.0;

/** The integers in two binary64 lanes, |x| < 2^51. */
export function toInteger(values: v128): v128 {
  return i64x2.sub(f64x2.add(values, f64x2.splat(MAGIC)), f64x2.splat(MAGIC));
}

/** Two lanes of binary64 from the low half of four i32. */
function low(four: v128, factors: v128): v128 {
  return f64x2.mul(f64x2.convert_low_i32x4_s(four), factors);
}

/** The same of the high half. */
function high(four: v128, factors: v128): v128 {
  return low(
    i8x16.shuffle(four, four, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7),
    factors,
  );
}

/** values[j] = q[j] · factor, q i32, factor a power of two; then one 0 after an odd count. */
export function widen32(q: usize, values: usize, count: i32, factor: f64): void {
  const factors = f64x2.splat(factor);
  for (const end = values + ((count & ~3) << 3); values < end; values += 32) {
    const four = v128.load(q);
    v128.store(values, low(four, factors));
    v128.store(values, high(four, factors), 16);
    q += 16;
  }
  for (let rest = count & 3; rest > 0; rest--) {
    store<f64>(values, <f64>load<i32>(q) * factor);
    q += 4;
    values += 8;
  }
  store<f64>(values, 0.0);
}

/** The same for q i16. */
export function widen16(q: usize, values: usize, count: i32, factor: f64): void {
  const factors = f64x2.splat(factor);
  for (const end = values + ((count & ~3) << 3); values < end; values += 32) {
    const four = v128.load16x4_s(q);
    v128.store(values, low(four, factors));
    v128.store(values, high(four, factors), 16);
    q += 8;
  }
  for (let rest = count & 3; rest > 0; rest--) {
    store<f64>(values, <f64>load<i16>(q) * factor);
    q += 2;
    values += 8;
  }
  store<f64>(values, 0.0);
}

/** The same for q i8. */
export function widen8(q: usize, values: usize, count: i32, factor: f64): void {
  const factors = f64x2.splat(factor);
  for (const end = values + ((count & ~3) << 3); values < end; values += 32) {
    const four = i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(q)));
    v128.store(values, low(four, factors));
    v128.store(values, high(four, factors), 16);
    q += 4;
  }
  for (let rest = count & 3; rest > 0; rest--) {
    store<f64>(values, <f64>load<i8>(q) * factor);
    q++;
    values += 8;
  }
  store<f64>(values, 0.0);
}

/** values[j] = roundTiesToEven(values[j] · scale). */
export function clip(values: usize, count: i32, scale: f64): void {
  const scales = f64x2.splat(scale);
  for (const end = values + (count << 3); values < end; values += 16) {
    v128.store(values, f64x2.nearest(f64x2.mul(v128.load(values), scales)));
  }
}

/** values[j] −= z[j], z int64. */
export function centre(values: usize, z: usize, count: i32): void {
  for (const end = values + (count << 3); values < end; values += 8) {
    store<f64>(values, load<f64>(values) - <f64>load<i64>(z));
    z += 8;
  }
}

/** Σ values[j]² in two partial sums by j mod 2, which are added at the end. */
export function sumSquares(values: usize, count: i32): f64 {
  let sums = f64x2.splat(0.0);
  for (const end = values + (count << 3); values < end; values += 16) {
    const two = v128.load(values);
    sums = f64x2.add(sums, f64x2.mul(two, two));
  }
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
}

/** sums[j] += weight · values[j], int64; |weight · value| < 2^63. */
export function weigh(sums: usize, values: usize, count: i32, weight: i32): void {
  const weights = i64x2.splat(<i64>weight);
  for (const end = values + (count << 3); values < end; values += 16) {
    const two = i64x2.mul(toInteger(v128.load(values)), weights);
    v128.store(sums, i64x2.add(v128.load(sums), two));
    sums += 16;
  }
}

/** z[j] += roundTiesToEven(f64(sums[j]) ÷ n), which is also the aggregate: sums[j] = z[j]. */
export function moveCentre(sums: usize, z: usize, count: i32, n: f64): void {
  for (const end = sums + (count << 3); sums < end; sums += 8) {
    const moved = load<i64>(z) + <i64>nearest<f64>(<f64>load<i64>(sums) / n);
    store<i64>(z, moved);
    store<i64>(sums, moved);
    z += 8;
  }
}
