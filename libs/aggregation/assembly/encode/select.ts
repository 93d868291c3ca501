// The largest of the x (f64) by their binary64 patterns without the sign, whose order as integers is that of |x|.

const MAGNITUDE: u64 = 0x7fffffffffffffff;

/** counts[16 bits of |x| from `shift` on] += 1 for every x whose bits above them are those of `prefix`. */
export function countDigits(x: usize, count: i32, counts: usize, shift: i32, prefix: u64): void {
  const above = <u64>shift + 16;
  for (; count > 0; count--) {
    const bits = load<u64>(x) & MAGNITUDE;
    if (above == 64 || bits >> above == prefix) {
      const counter = counts + <usize>(((bits >> (<u64>shift)) & 0xffff) << 2);
      store<u32>(counter, load<u32>(counter) + 1);
    }
    x += 8;
  }
}

/**
 * Moves the x with |x| > size, and of those equal to it the first `ties`, together to `picked`, and their positions
 * (`from` + index) to `at`. Returns how many there are; `left` at `tiesAt` (i32) goes down by the ties used.
 */
export function pick(
  x: usize,
  count: i32,
  from: i32,
  size: f64,
  tiesAt: usize,
  picked: usize,
  at: usize,
): i32 {
  let ties = load<i32>(tiesAt);
  let found = 0;
  for (let i = 0; i < count; i++) {
    const value = load<f64>(x);
    const own = abs<f64>(value);
    x += 8;
    if (own < size) continue;
    if (own == size) {
      if (ties == 0) continue;
      ties--;
    }
    store<f64>(picked, value);
    store<i32>(at, from + i);
    picked += 8;
    at += 4;
    found++;
  }
  store<i32>(tiesAt, ties);
  return found;
}
