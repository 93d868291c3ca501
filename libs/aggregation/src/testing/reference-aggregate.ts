import type { AggregateRules } from '../robust/aggregate.js';
import type { RobustRule } from '../robust/robust-rule.js';

/** One update as the reference sees it. */
export interface ReferenceUpdate {
  readonly node: number;
  /** v, d integers. */
  readonly values: readonly bigint[];
  readonly weight: bigint;
}

/** An aggregate as the reference gives it. */
export interface ReferenceResult {
  readonly sums: bigint[];
  readonly divisor: bigint;
}

/** What stays the same while the reference works. */
export interface ReferencePlace {
  /** First position of every block, then d. */
  readonly offsets: ArrayLike<number>;
  /** Centre of the round before, d integers. */
  readonly z?: readonly bigint[];
}

/**
 * protocol.md §1.8 as it is written, position by position in unbounded integers, distances in plain JavaScript
 * numbers: slow and obvious on purpose. `Math.sqrt` is correctly rounded in every engine we met.
 */
export function referenceAggregate(
  { robust, clipNorm }: Partial<AggregateRules>,
  given: readonly ReferenceUpdate[],
  place: ReferencePlace,
): ReferenceResult {
  const updates = [...given]
    .sort((a, b) => a.node - b.node)
    .map((update) => {
      const values =
        clipNorm === undefined ? update.values : clipped(update.values, clipNorm, place);
      return { ...update, values };
    });
  if (robust === undefined) return weighed(updates);
  return byRule(robust, updates, place);
}

function byRule(
  rule: RobustRule,
  updates: readonly ReferenceUpdate[],
  place: ReferencePlace,
): ReferenceResult {
  const { tolerance: f } = rule;
  const n = updates.length;
  switch (rule.kind) {
    case 'median':
      return { sums: perPosition(updates, (column) => medianOf(column)), divisor: 1n };
    case 'trimmedMean': {
      const sums = perPosition(updates, (column) => sumOf(sorted(column).slice(f, n - f)));
      return { sums, divisor: BigInt(n - 2 * f) };
    }
    case 'krum':
    case 'multiKrum': {
      const left = [...updates.keys()];
      const order = krumOrder(distances(updates, place), { left, neighbours: n - f - 2 });
      const selected = order.slice(0, rule.kind === 'krum' ? 1 : n - f);
      return weighed(selected.map((i) => ({ ...updates[i], weight: 1n })));
    }
    case 'geometricMedian':
      return weighed(weiszfeld(updates, place));
    case 'centredClipping':
      return centred(updates, { ...place, radius: rule.radius });
    case 'bulyan':
      return bulyan(updates, place, f);
  }
}

function perPosition(
  updates: readonly ReferenceUpdate[],
  rule: (column: readonly bigint[]) => bigint,
): bigint[] {
  return updates[0].values.map((_, j) => rule(updates.map(({ values }) => values[j])));
}

function sorted(column: readonly bigint[]): bigint[] {
  return [...column].sort((a, b) => (a < b ? -1 : Number(a > b)));
}

function sumOf(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => a + b, 0n);
}

/** ⌊(a + b) ÷ 2⌋ of the two middle ones: `>>` of a bigint rounds down. */
function medianOf(column: readonly bigint[]): bigint {
  const order = sorted(column);
  return (order[(order.length - 1) >> 1] + order[order.length >> 1]) >> 1n;
}

function weighed(updates: readonly ReferenceUpdate[]): ReferenceResult {
  const weighted = updates.map(({ values, weight }) => values.map((v) => weight * v));
  const sums = weighted.reduce((a, b) => a.map((v, j) => v + b[j]));
  return { sums, divisor: sumOf(updates.map(({ weight }) => weight)) };
}

/** Blocks in order; in each two partial sums by j mod 2, added. */
function product(a: ArrayLike<number>, b: ArrayLike<number>, { offsets }: ReferencePlace): number {
  let total = 0;
  for (let block = 0; block + 1 < offsets.length; block++) {
    const partial = [0, 0];
    for (let j = offsets[block]; j < offsets[block + 1]; j++) {
      partial[(j - offsets[block]) % 2] += a[j] * b[j];
    }
    total += partial[0] + partial[1];
  }
  return total;
}

/** Squared distances of all pairs. */
function distances(updates: readonly ReferenceUpdate[], place: ReferencePlace): number[][] {
  const floats = updates.map(({ values }) => Float64Array.from(values, Number));
  const products = floats.map((a) => floats.map((b) => product(a, b, place)));
  return products.map((row, i) =>
    row.map((each, j) => Math.max(0, products[i][i] + products[j][j] - 2 * each)),
  );
}

function nearestEven(x: number): bigint {
  const floor = Math.floor(x);
  const up = x - floor > 0.5 || (x - floor === 0.5 && floor % 2 !== 0);
  return BigInt(up ? floor + 1 : floor);
}

function clipped(
  values: readonly bigint[],
  limit: number,
  place: ReferencePlace,
): readonly bigint[] {
  const floats = Float64Array.from(values, Number);
  const length = Math.sqrt(product(floats, floats, place));
  return length > limit ? Array.from(floats, (v) => nearestEven(v * (limit / length))) : values;
}

/** Indices by (score, node), among those of `left`; updates come in the order of their nodes, and sorting is stable. */
function krumOrder(
  squared: readonly (readonly number[])[],
  { left, neighbours }: { left: readonly number[]; neighbours: number },
): number[] {
  const scored = left.map((i) => {
    const nearest = left
      .filter((j) => j !== i)
      .map((j) => squared[i][j])
      .sort((a, b) => a - b);
    return { i, score: nearest.slice(0, neighbours).reduce((a, b) => a + b, 0) };
  });
  return scored.sort((a, b) => a.score - b.score).map(({ i }) => i);
}

function bulyan(
  updates: readonly ReferenceUpdate[],
  place: ReferencePlace,
  f: number,
): ReferenceResult {
  const squared = distances(updates, place);
  let left = [...updates.keys()];
  const selected: ReferenceUpdate[] = [];
  while (selected.length < updates.length - 2 * f) {
    const neighbours = Math.max(1, left.length - f - 2);
    const [winner] = krumOrder(squared, { left, neighbours });
    selected.push(updates[winner]);
    left = left.filter((i) => i !== winner);
  }
  const keep = selected.length - 2 * f;
  const sums = perPosition(selected, (column) => {
    const median = medianOf(column);
    const away = (v: bigint): bigint => (v < median ? median - v : v - median);
    const nearest = sorted(column).sort((a, b) => Number(away(a) - away(b)));
    return sumOf(nearest.slice(0, keep));
  });
  return { sums, divisor: BigInt(keep) };
}

function weiszfeld(updates: readonly ReferenceUpdate[], place: ReferencePlace): ReferenceUpdate[] {
  const squared = distances(updates, place);
  const n = updates.map(({ weight }) => Number(weight));
  const most = Math.floor((2 ** 22 - 1) / updates.length);
  let k = n;
  for (let round = 0; round < 8; round++) {
    const sum = k.reduce((a, b) => a + b);
    const spread = squared.map((row) => row.reduce((a, d, j) => a + k[j] * d, 0) / sum);
    const mean = spread.reduce((a, s, i) => a + k[i] * s, 0) / sum / 2;
    const pulls = spread.map((s, i) => n[i] / Math.max(1, Math.sqrt(Math.max(0, s - mean))));
    k = pulls.map((pull) => Math.floor((pull / Math.max(...pulls)) * most));
  }
  return updates.map((update, i) => ({ ...update, weight: BigInt(k[i]) }));
}

function centred(
  updates: readonly ReferenceUpdate[],
  place: ReferencePlace & { readonly radius: number },
): ReferenceResult {
  const z = place.z ?? updates[0].values.map(() => 0n);
  const pulls = updates.map(({ values }) =>
    clipped(
      values.map((v, j) => v - z[j]),
      place.radius,
      place,
    ),
  );
  const sums = z.map((at, j) => {
    return at + nearestEven(Number(sumOf(pulls.map((pull) => pull[j]))) / updates.length);
  });
  return { sums, divisor: 1n };
}
