import { valueProduct } from './exact-products.js';
import type { ScoredRound } from './scored-round.js';

const PPB = 1_000_000_000n;

/**
 * Signed squared cosines of all pairs of updates, in parts per thousand million, rounded towards zero:
 * sgn(p)·p² ÷ (a·b) for p = ⟨v_i, v_j⟩, a and b the squared lengths, all exact integers. No square root is taken, and
 * an update of zeros resembles nobody.
 * @returns rows [i][j] for j < i, in the order of the contributions
 */
export function similarities({ contributions }: ScoredRound): number[][] {
  const squares = contributions.map(({ values }) => valueProduct(values, values));
  return contributions.map(({ values }, i) =>
    contributions.slice(0, i).map((other, j) => {
      const lengths = squares[i] * squares[j];
      if (lengths === 0n) return 0;
      const product = valueProduct(values, other.values);
      return Number((PPB * product * (product < 0n ? -product : product)) / lengths);
    }),
  );
}
