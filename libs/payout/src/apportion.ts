/** An amount before its remainder is handed out. */
interface Part {
  readonly index: number;
  readonly units: bigint;
  readonly remainder: bigint;
}

/**
 * Splits `budget` in proportion to `shares`: floors, then one unit more to the largest remainders, ties to the
 * smaller index. The parts sum to `budget` to the unit, each is below its exact part + 1, and no share gets nothing.
 * Throws RangeError for negative numbers and when no share is above 0.
 */
export function apportion(budget: bigint, shares: readonly bigint[]): readonly bigint[] {
  const total = totalOf(budget, shares);
  const parts = shares.map((share, index): Part => {
    return { index, units: (budget * share) / total, remainder: (budget * share) % total };
  });
  const floors = parts.reduce((sum, { units }) => sum + units, 0n);
  const out = parts.map(({ units }) => units);
  const inOrder = parts.toSorted((a, b) => compare(b.remainder, a.remainder) || a.index - b.index);
  for (const { index, units } of inOrder.slice(0, Number(budget - floors))) out[index] = units + 1n;
  return out;
}

/**
 * The same with at most `cap` units each: whoever's proportional part exceeds the cap gets the cap and is taken out,
 * until nobody's does; the rest is split among the others. Taking one out raises the parts of all others, so the
 * capped are the largest shares and one pass finds them. Throws RangeError when cap × (shares above 0) < budget.
 */
export function apportionCapped(
  budget: bigint,
  shares: readonly bigint[],
  cap: bigint,
): readonly bigint[] {
  let total = totalOf(budget, shares);
  let rest = budget;
  const capped = new Set<number>();
  const largestFirst = [...shares.entries()].toSorted(([i, a], [j, b]) => compare(b, a) || i - j);
  for (const [index, share] of largestFirst) {
    if (rest * share <= cap * total) break;
    capped.add(index);
    rest -= cap;
    total -= share;
  }
  if (rest > 0n && total === 0n) throw new RangeError(`caps of ${cap} cannot hold ${budget}`);
  const others = shares.map((share, index) => (capped.has(index) ? 0n : share));
  const parts = rest === 0n ? others.map(() => 0n) : apportion(rest, others);
  return parts.map((units, index) => (capped.has(index) ? cap : units));
}

function totalOf(budget: bigint, shares: readonly bigint[]): bigint {
  if (budget < 0n || shares.some((share) => share < 0n)) {
    throw new RangeError('a budget and its shares are never negative');
  }
  const total = shares.reduce((sum, share) => sum + share, 0n);
  if (total === 0n) throw new RangeError('no share is above 0');
  return total;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b);
}
