/** Bytes from one update's value row to the next: 1,024 positions, and 64 bytes against aliasing in the cache. */
const STRIDE: usize = 8256;

/** The two partial sums of one pair, added. */
function total(sums: v128): f64 {
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
}

/**
 * The scalar products of two updates with three over one block: out[0..3] those of the row at `a`, out[3..6] those of
 * the row after it, with the three rows at `b`. Each is two partial sums by j mod 2, added at the end; an odd block
 * ends with a 0. 2 × 3 products keep 11 of the 16 vector registers busy; 3 × 3 spill.
 */
export function gramTile(a: usize, b: usize, count: i32, out: usize): void {
  let s00 = f64x2.splat(0.0);
  let s01 = s00;
  let s02 = s00;
  let s10 = s00;
  let s11 = s00;
  let s12 = s00;
  for (const end = a + (count << 3); a < end; a += 16) {
    const a0 = v128.load(a);
    const a1 = v128.load(a, STRIDE);
    let row = v128.load(b);
    s00 = f64x2.add(s00, f64x2.mul(a0, row));
    s10 = f64x2.add(s10, f64x2.mul(a1, row));
    row = v128.load(b, STRIDE);
    s01 = f64x2.add(s01, f64x2.mul(a0, row));
    s11 = f64x2.add(s11, f64x2.mul(a1, row));
    row = v128.load(b, 2 * STRIDE);
    s02 = f64x2.add(s02, f64x2.mul(a0, row));
    s12 = f64x2.add(s12, f64x2.mul(a1, row));
    b += 16;
  }
  store<f64>(out, total(s00));
  store<f64>(out, total(s01), 8);
  store<f64>(out, total(s02), 16);
  store<f64>(out, total(s10), 24);
  store<f64>(out, total(s11), 32);
  store<f64>(out, total(s12), 40);
}
