// What a block's q measure. `largest`: the largest |q|; a codec's forbidden minimum comes out as its magnitude, one above
// qMax. `squares`: Σ q², the sum of two partial sums in binary64, over the even and over the odd positions of the block
// (protocol.md §1.8); times 4^shift it is Σ v², bit for bit, because a power of two commutes with rounding.

export function largest32(q: usize, count: i32): u32 {
  let top = i32x4.splat(0);
  for (const end = q + ((count & ~3) << 2); q < end; q += 16) {
    top = i32x4.max_u(top, i32x4.abs(v128.load(q)));
  }
  return maxOfRest<i32>(q, count & 3, maxOf32(top));
}

export function largest16(q: usize, count: i32): u32 {
  let top = i16x8.splat(0);
  for (const end = q + ((count & ~7) << 1); q < end; q += 16) {
    top = i16x8.max_u(top, i16x8.abs(v128.load(q)));
  }
  return maxOfRest<i16>(q, count & 7, maxOf16(top));
}

export function largest8(q: usize, count: i32): u32 {
  let top = i8x16.splat(0);
  for (const end = q + (count & ~15); q < end; q += 16) {
    top = i8x16.max_u(top, i8x16.abs(v128.load(q)));
  }
  return maxOfRest<i8>(q, count & 15, maxOf8(top));
}

/** The largest of `max` and |q[j]|, for j in 0..rest. */
function maxOfRest<T>(q: usize, rest: i32, max: u32): u32 {
  for (; rest > 0; rest--) {
    const value = <i64>load<T>(q);
    max = umax(max, <u32>(value < 0 ? -value : value));
    q += sizeof<T>();
  }
  return max;
}

/** Largest of unsigned lanes of 8 bits. */
function maxOf8(top: v128): u32 {
  return maxOf16(i16x8.max_u(i16x8.extend_low_i8x16_u(top), i16x8.extend_high_i8x16_u(top)));
}

/** Of 16 bits. */
function maxOf16(top: v128): u32 {
  return maxOf32(i32x4.max_u(i32x4.extend_low_i16x8_u(top), i32x4.extend_high_i16x8_u(top)));
}

/** Of 32 bits. */
function maxOf32(top: v128): u32 {
  return umax(
    umax(<u32>i32x4.extract_lane(top, 0), <u32>i32x4.extract_lane(top, 1)),
    umax(<u32>i32x4.extract_lane(top, 2), <u32>i32x4.extract_lane(top, 3)),
  );
}

function umax(a: u32, b: u32): u32 {
  return a > b ? a : b;
}

/** Only a norm clip asks; two chains of additions are what takes the time. One q has `size` bytes. */
export function squares(q: usize, count: i32, size: i32): f64 {
  let even: f64 = 0;
  let odd: f64 = 0;
  for (let i = 0; i < count; i++) {
    const value = valueOf(q, size);
    if ((i & 1) == 0) even += value * value;
    else odd += value * value;
    q += size;
  }
  return even + odd;
}

/** The q of `size` bytes. */
export function valueOf(q: usize, size: i32): f64 {
  if (size == 4) return <f64>load<i32>(q);
  return <f64>(size == 2 ? <i32>load<i16>(q) : <i32>load<i8>(q));
}
