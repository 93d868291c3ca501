// q[i] = x[i]·scale rounded to an integer and left[i] = f32(x[i] − q[i]·unit), for i in 0..count. x is f64, `left` f32.
// Works on four at a time: up to three elements after the last are read and written, too. The caller chose the scale so
// that no q leaves the codec's range. No function is called inside the loops: one costs as much as the work.

/** Rounds to nearest, ties to even; q is i32. */
export function quantise32(
  x: usize,
  count: i32,
  scale: f64,
  unit: f64,
  q: usize,
  left: usize,
): void {
  const scales = f64x2.splat(scale);
  const units = f64x2.splat(unit);
  for (; count > 0; count -= 4) {
    const lowX = v128.load(x);
    const highX = v128.load(x, 16);
    const low = f64x2.nearest(f64x2.mul(lowX, scales));
    const high = f64x2.nearest(f64x2.mul(highX, scales));
    const lowQ = i32x4.trunc_sat_f64x2_s_zero(low);
    v128.store(q, i64x2.shuffle(lowQ, i32x4.trunc_sat_f64x2_s_zero(high), 0, 2));
    const lowLeft = f32x4.demote_f64x2_zero(f64x2.sub(lowX, f64x2.mul(low, units)));
    const highLeft = f32x4.demote_f64x2_zero(f64x2.sub(highX, f64x2.mul(high, units)));
    v128.store(left, i64x2.shuffle(lowLeft, highLeft, 0, 2));
    x += 32;
    q += 16;
    left += 16;
  }
}

/**
 * ⌊x·scale + word ÷ 2³²⌋; q is i16 or i8. The word of an x is mix(mix(at + first) + second), see rounding.ts; `at` is
 * i32. Integers below 2³¹ stand in the low bits of 1.5·2⁵² + integer.
 */
export function quantiseByChance(
  x: usize,
  count: i32,
  scale: f64,
  unit: f64,
  q: usize,
  left: usize,
  bytesPerQ: i32,
  at: usize,
  first: i32,
  second: i32,
): void {
  const scales = f64x2.splat(scale);
  const units = f64x2.splat(unit);
  const fraction = f64x2.splat(1.0 / 4294967296.0);
  const magic = f64x2.splat(6755399441055744.0);
  for (; count > 0; count -= 4) {
    let word = i32x4.add(v128.load(at), i32x4.splat(first));
    word = i32x4.mul(v128.xor(word, i32x4.shr_u(word, 16)), i32x4.splat(0x85ebca6b));
    word = i32x4.mul(v128.xor(word, i32x4.shr_u(word, 13)), i32x4.splat(0xc2b2ae35));
    word = i32x4.add(v128.xor(word, i32x4.shr_u(word, 16)), i32x4.splat(second));
    word = i32x4.mul(v128.xor(word, i32x4.shr_u(word, 16)), i32x4.splat(0x85ebca6b));
    word = i32x4.mul(v128.xor(word, i32x4.shr_u(word, 13)), i32x4.splat(0xc2b2ae35));
    word = v128.xor(word, i32x4.shr_u(word, 16));

    const lowX = v128.load(x);
    const lowChance = f64x2.mul(f64x2.convert_low_i32x4_u(word), fraction);
    const low = f64x2.floor(f64x2.add(f64x2.mul(lowX, scales), lowChance));
    const highX = v128.load(x, 16);
    word = i64x2.shuffle(word, word, 1, 1);
    const highChance = f64x2.mul(f64x2.convert_low_i32x4_u(word), fraction);
    const high = f64x2.floor(f64x2.add(f64x2.mul(highX, scales), highChance));

    const lowLeft = f32x4.demote_f64x2_zero(f64x2.sub(lowX, f64x2.mul(low, units)));
    const highLeft = f32x4.demote_f64x2_zero(f64x2.sub(highX, f64x2.mul(high, units)));
    v128.store(left, i64x2.shuffle(lowLeft, highLeft, 0, 2));

    const four = i32x4.shuffle(f64x2.add(low, magic), f64x2.add(high, magic), 0, 2, 4, 6);
    const narrow = i16x8.narrow_i32x4_s(four, four);
    if (bytesPerQ == 2) v128.store64_lane(q, narrow, 0);
    else v128.store32_lane(q, i8x16.narrow_i16x8_s(narrow, narrow), 0);
    x += 32;
    q += (<usize>bytesPerQ) << 2;
    left += 16;
    at += 16;
  }
}
