/**
 * x[i] = (f64(after[i]) − f64(before[i])) ÷ divisor + f64(residual[i]), for i in 0..count, each operation rounded once.
 * `x` is f64, the others f32; residual 0 means none. Returns the largest |x|, or −1 when one is not finite.
 */
export function change(
  before: usize,
  after: usize,
  residual: usize,
  x: usize,
  count: i32,
  divisor: f64,
): f64 {
  const divisors = f64x2.splat(divisor);
  const infinity = f64x2.splat(Infinity);
  let top = f64x2.splat(0);
  let finite = i64x2.splat(-1);
  const divides = divisor != 1;
  for (let pairs = count >> 1; pairs > 0; pairs--) {
    let value = f64x2.sub(
      f64x2.promote_low_f32x4(v128.load64_zero(after)),
      f64x2.promote_low_f32x4(v128.load64_zero(before)),
    );
    if (divides) value = f64x2.div(value, divisors);
    if (residual != 0) {
      value = f64x2.add(value, f64x2.promote_low_f32x4(v128.load64_zero(residual)));
      residual += 8;
    }
    v128.store(x, value);
    const size = f64x2.abs(value);
    finite = v128.and(finite, f64x2.lt(size, infinity));
    top = f64x2.pmax(top, size);
    before += 8;
    after += 8;
    x += 16;
  }
  let max = larger(f64x2.extract_lane(top, 0), f64x2.extract_lane(top, 1));
  let ok = i64x2.all_true(finite);
  if ((count & 1) == 1) {
    let value = (<f64>load<f32>(after) - <f64>load<f32>(before)) / divisor;
    if (residual != 0) value += <f64>load<f32>(residual);
    store<f64>(x, value);
    ok = ok && abs<f64>(value) < Infinity;
    max = larger(max, abs<f64>(value));
  }
  return ok ? max : -1;
}

function larger(a: f64, b: f64): f64 {
  return a > b ? a : b;
}
