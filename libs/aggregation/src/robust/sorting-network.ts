/** Puts the smaller of two values at `low`, the larger at `high`. */
export interface Comparator {
  readonly low: number;
  readonly high: number;
}

/**
 * The comparators after which the ranks `from` to `to` of n values stand at their places: Batcher's merge exchange
 * (Knuth, The Art of Computer Programming 3, §5.2.2, algorithm M) without those that no wanted rank depends on.
 */
export function rankNetwork(n: number, ranks: { from: number; to: number }): Comparator[] {
  const isWanted = Array.from({ length: n }, (_, rank) => rank >= ranks.from && rank < ranks.to);
  const kept: Comparator[] = [];
  for (const comparator of mergeExchange(n).reverse()) {
    const { low, high } = comparator;
    if (!isWanted[low] && !isWanted[high]) continue;
    isWanted[low] = true;
    isWanted[high] = true;
    kept.push(comparator);
  }
  return kept.reverse();
}

function mergeExchange(n: number): Comparator[] {
  const comparators: Comparator[] = [];
  if (n < 2) return comparators;
  const top = 2 ** (31 - Math.clz32(n - 1));
  for (let p = top; p >= 1; p /= 2) {
    let rest = 0;
    let distance = p;
    for (let q = top; ; q /= 2) {
      for (let low = 0; low < n - distance; low++) {
        if ((low & p) === rest) comparators.push({ low, high: low + distance });
      }
      if (q === p) break;
      distance = q - p;
      rest = p;
    }
  }
  return comparators;
}
