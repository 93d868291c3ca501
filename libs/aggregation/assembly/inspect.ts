// One pass over the q of a block, written to `out`: Σ q² as f64 at 0 and the largest |q| as u32 at 8; a codec's
// forbidden minimum comes out as its magnitude, one above qMax. Σ q² is the sum of two partial sums in binary64, over
// the even and over the odd positions of the block (protocol.md §1.8); times 4^shift it is Σ v², bit for bit, because a
// power of two commutes with rounding. i16 and i8 sum integers below 2^53, where every order gives the same.

export function inspect32(q: usize, count: i32, out: usize): void {
  let top = i32x4.splat(0);
  let sums = f64x2.splat(0);
  const end = q + ((count & ~3) << 2);
  while (q < end) {
    const four = v128.load(q);
    top = i32x4.max_u(top, i32x4.abs(four));
    const low = f64x2.convert_low_i32x4_s(four);
    sums = f64x2.add(sums, f64x2.mul(low, low));
    const high = f64x2.convert_low_i32x4_s(i64x2.shuffle(four, four, 1, 1));
    sums = f64x2.add(sums, f64x2.mul(high, high));
    q += 16;
  }
  let even = f64x2.extract_lane(sums, 0);
  let odd = f64x2.extract_lane(sums, 1);
  let max = maxOfFour(top);
  for (let i = 0; i < (count & 3); i++) {
    const value = <f64>load<i32>(q);
    if ((i & 1) == 0) even += value * value;
    else odd += value * value;
    max = umax(max, <u32>abs<f64>(value));
    q += 4;
  }
  store<f64>(out, even + odd);
  store<u32>(out, max, 8);
}

export function inspect16(q: usize, count: i32, out: usize): void {
  let top = i16x8.splat(0);
  let sums = i64x2.splat(0);
  const end = q + ((count & ~7) << 1);
  while (q < end) {
    const eight = v128.load(q);
    top = i16x8.max_u(top, i16x8.abs(eight));
    // Two squares of 2^15 − 1 fit i32; with the forbidden minimum the sum is wrong, and the block is refused anyway.
    const pairs = i32x4.dot_i16x8_s(eight, eight);
    sums = i64x2.add(sums, i64x2.extend_low_i32x4_s(pairs));
    sums = i64x2.add(sums, i64x2.extend_high_i32x4_s(pairs));
    q += 16;
  }
  const wide = i32x4.max_u(i32x4.extend_low_i16x8_u(top), i32x4.extend_high_i16x8_u(top));
  const sum = i64x2.extract_lane(sums, 0) + i64x2.extract_lane(sums, 1);
  finish<i16>(q, count & 7, sum, maxOfFour(wide), out);
}

export function inspect8(q: usize, count: i32, out: usize): void {
  let top = i8x16.splat(0);
  let sums = i32x4.splat(0);
  const end = q + (count & ~15);
  while (q < end) {
    const sixteen = v128.load(q);
    top = i8x16.max_u(top, i8x16.abs(sixteen));
    const low = i16x8.extmul_low_i8x16_s(sixteen, sixteen);
    const high = i16x8.extmul_high_i8x16_s(sixteen, sixteen);
    sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_s(low));
    sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_s(high));
    q += 16;
  }
  const eight = i16x8.max_u(i16x8.extend_low_i8x16_u(top), i16x8.extend_high_i8x16_u(top));
  const wide = i32x4.max_u(i32x4.extend_low_i16x8_u(eight), i32x4.extend_high_i16x8_u(eight));
  const sum =
    <i64>i32x4.extract_lane(sums, 0) +
    <i64>i32x4.extract_lane(sums, 1) +
    <i64>i32x4.extract_lane(sums, 2) +
    <i64>i32x4.extract_lane(sums, 3);
  finish<i8>(q, count & 15, sum, maxOfFour(wide), out);
}

function finish<T>(q: usize, rest: i32, sum: i64, max: u32, out: usize): void {
  for (; rest > 0; rest--) {
    const value = <i64>load<T>(q);
    sum += value * value;
    max = umax(max, <u32>(value < 0 ? -value : value));
    q += sizeof<T>();
  }
  store<f64>(out, <f64>sum);
  store<u32>(out, max, 8);
}

function maxOfFour(top: v128): u32 {
  return umax(
    umax(<u32>i32x4.extract_lane(top, 0), <u32>i32x4.extract_lane(top, 1)),
    umax(<u32>i32x4.extract_lane(top, 2), <u32>i32x4.extract_lane(top, 3)),
  );
}

function umax(a: u32, b: u32): u32 {
  return a > b ? a : b;
}
