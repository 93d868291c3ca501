// Bitmaps of sparse updates: bit b of the map is bit (b & 7) of byte (b >> 3). A range begins at any bit. Words of 64
// bits are read, so up to 8 bytes after the range's last byte must be readable.

/** Bits per step: what an unaligned 64-bit word surely holds, in whole bytes. */
const STEP = 56;

/** `count` ≤ 56 bits from `bit` on; the others are 0. */
function bitsFrom(bitmap: usize, bit: i32, count: i32): u64 {
  const word = load<u64>(bitmap + ((<usize>bit) >> 3)) >> (<u64>(bit & 7));
  return word & (((<u64>1) << (<u64>count)) - 1);
}

/** Number of set bits among `count` from `bit` on. */
export function countBits(bitmap: usize, bit: i32, count: i32): i32 {
  let found: u64 = 0;
  while (count > 0) {
    const step = min<i32>(count, STEP);
    found += popcnt<u64>(bitsFrom(bitmap, bit, step));
    bit += step;
    count -= step;
  }
  return <i32>found;
}

/** dense[i] = the next packed q where bit i of the range is set, else 0, for i in 0..count; one function per codec. */
export function expand32(bitmap: usize, bit: i32, count: i32, packed: usize, dense: usize): void {
  expand<i32>(bitmap, bit, count, packed, dense);
}

export function expand16(bitmap: usize, bit: i32, count: i32, packed: usize, dense: usize): void {
  expand<i16>(bitmap, bit, count, packed, dense);
}

export function expand8(bitmap: usize, bit: i32, count: i32, packed: usize, dense: usize): void {
  expand<i8>(bitmap, bit, count, packed, dense);
}

function expand<T>(bitmap: usize, bit: i32, count: i32, packed: usize, dense: usize): void {
  memory.fill(dense, 0, <usize>count * sizeof<T>());
  while (count > 0) {
    const step = min<i32>(count, STEP);
    let bits = bitsFrom(bitmap, bit, step);
    while (bits != 0) {
      store<T>(dense + <usize>ctz<u64>(bits) * sizeof<T>(), load<T>(packed));
      packed += sizeof<T>();
      bits &= bits - 1;
    }
    dense += <usize>step * sizeof<T>();
    bit += step;
    count -= step;
  }
}
