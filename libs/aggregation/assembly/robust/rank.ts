// Sorts the values of n updates at each position with a network of comparators given as a table: pairs of u32 byte
// offsets (of rank · 64) into `scratch`, n · 64 bytes. The smaller value goes to the first. 64 bytes of every row are
// sorted together: 16 positions as i32, 8 as f64. Rows, `stride` bytes apart, and `out` have room for a whole group.
import { toInteger } from './values';

function gather(rows: usize, stride: usize, n: i32, scratch: usize): void {
  for (const end = scratch + (n << 6); scratch < end; scratch += 64) {
    v128.store(scratch, v128.load(rows));
    v128.store(scratch, v128.load(rows, 16), 16);
    v128.store(scratch, v128.load(rows, 32), 32);
    v128.store(scratch, v128.load(rows, 48), 48);
    rows += stride;
  }
}

function order32(a: usize, b: usize): void {
  const x = v128.load(a);
  const y = v128.load(b);
  v128.store(a, i32x4.min_s(x, y));
  v128.store(b, i32x4.max_s(x, y));
}

function order64(a: usize, b: usize): void {
  const x = v128.load(a);
  const y = v128.load(b);
  v128.store(a, f64x2.pmin(x, y));
  v128.store(b, f64x2.pmax(x, y));
}

function sort64(scratch: usize, table: usize, tableEnd: usize): void {
  for (; table < tableEnd; table += 8) {
    const a = scratch + <usize>load<u32>(table);
    const b = scratch + <usize>load<u32>(table, 4);
    order64(a, b);
    order64(a + 16, b + 16);
    order64(a + 32, b + 32);
    order64(a + 48, b + 48);
  }
}

/** out[j] = (Σ of the ranks from..to, as int64) << shift >> halve, of i32 rows; `count` positions. */
export function rank32(
  rows: usize,
  stride: usize,
  n: i32,
  count: i32,
  out: usize,
  scratch: usize,
  table: usize,
  tableEnd: usize,
  from: i32,
  to: i32,
  shift: i32,
  halve: i32,
): void {
  for (const end = rows + (count << 2); rows < end; rows += 64) {
    gather(rows, stride, n, scratch);
    for (let at = table; at < tableEnd; at += 8) {
      const a = scratch + <usize>load<u32>(at);
      const b = scratch + <usize>load<u32>(at, 4);
      order32(a, b);
      order32(a + 16, b + 16);
      order32(a + 32, b + 32);
      order32(a + 48, b + 48);
    }
    for (let part = 0; part < 64; part += 16) {
      let low = i64x2.splat(0);
      let high = low;
      const last = scratch + part + (to << 6);
      for (let at = scratch + part + (from << 6); at < last; at += 64) {
        const four = v128.load(at);
        low = i64x2.add(low, i64x2.extend_low_i32x4_s(four));
        high = i64x2.add(high, i64x2.extend_high_i32x4_s(four));
      }
      v128.store(out, i64x2.shr_s(i64x2.shl(low, shift), halve));
      v128.store(out, i64x2.shr_s(i64x2.shl(high, shift), halve), 16);
      out += 32;
    }
  }
}

/** out[j] = (Σ of the ranks from..to, as int64) >> halve, of f64 rows; `count` positions. */
export function rank64(
  rows: usize,
  stride: usize,
  n: i32,
  count: i32,
  out: usize,
  scratch: usize,
  table: usize,
  tableEnd: usize,
  from: i32,
  to: i32,
  halve: i32,
): void {
  for (const end = rows + (count << 3); rows < end; rows += 64) {
    gather(rows, stride, n, scratch);
    sort64(scratch, table, tableEnd);
    for (let part = 0; part < 64; part += 16) {
      let sum = i64x2.splat(0);
      const last = scratch + part + (to << 6);
      for (let at = scratch + part + (from << 6); at < last; at += 64) {
        sum = i64x2.add(sum, toInteger(v128.load(at)));
      }
      v128.store(out, i64x2.shr_s(sum, halve));
      out += 16;
    }
  }
}

/**
 * out[j] = the sum of the `keep` values nearest to the median of the n (of two equally near ones the smaller), of f64
 * rows. In sorted order they are one window: it moves right while the value that would enter is strictly nearer than
 * the one that would leave, m − x[i] > x[i + keep] − m, which holds for a first stretch of i and for none after it.
 */
export function closest(
  rows: usize,
  stride: usize,
  n: i32,
  count: i32,
  out: usize,
  scratch: usize,
  table: usize,
  tableEnd: usize,
  keep: i32,
): void {
  const half = f64x2.splat(0.5);
  const two = f64x2.splat(2.0);
  const window = <usize>(keep << 6);
  for (const end = rows + (count << 3); rows < end; rows += 64) {
    gather(rows, stride, n, scratch);
    sort64(scratch, table, tableEnd);
    for (let part = 0; part < 64; part += 16) {
      const first = scratch + part;
      const a = v128.load(first + (((n - 1) >> 1) << 6));
      const b = v128.load(first + ((n >> 1) << 6));
      const twice = f64x2.mul(f64x2.floor(f64x2.mul(f64x2.add(a, b), half)), two);
      let sum = i64x2.splat(0);
      let at = first;
      for (; at < first + window; at += 64) sum = i64x2.add(sum, toInteger(v128.load(at)));
      for (const last = first + (n << 6); at < last; at += 64) {
        const leaving = v128.load(at - window);
        const entering = v128.load(at);
        const moves = f64x2.gt(twice, f64x2.add(leaving, entering));
        const change = i64x2.sub(toInteger(entering), toInteger(leaving));
        sum = i64x2.add(sum, v128.and(change, moves));
      }
      v128.store(out, sum);
      out += 16;
    }
  }
}
