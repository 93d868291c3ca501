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
  /** Nodes that a rule over whole updates selected. */
  readonly selected?: readonly number[];
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
  { robust, clipNorm }: AggregateRules,
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
      const count = rule.kind === 'krum' ? 1 : n - f;
      const byScore = krumOrder(updates, { place, neighbours: n - f - 2 });
      const selected = byScore.slice(0, count);
      return {
        ...weighed(selected.map((update) => ({ ...update, weight: 1n }))),
        selected: selected.map(({ node }) => node).sort((a, b) => a - b),
      };
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
function product(a: readonly bigint[], b: readonly bigint[], { offsets }: ReferencePlace): number {
  let total = 0;
  for (let block = 0; block + 1 < offsets.length; block++) {
    const partial = [0, 0];
    for (let j = offsets[block]; j < offsets[block + 1]; j++) {
      partial[(j - offsets[block]) % 2] += Number(a[j]) * Number(b[j]);
    }
    total += partial[0] + partial[1];
  }
  return total;
}

function distance(a: ReferenceUpdate, b: ReferenceUpdate, place: ReferencePlace): number {
  const own = product(a.values, a.values, place) + product(b.values, b.values, place);
  return Math.max(0, own - 2 * product(a.values, b.values, place));
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
  const length = Math.sqrt(product(values, values, place));
  return length > limit ? values.map((v) => nearestEven(Number(v) * (limit / length))) : values;
}

/** By (score, node); the updates come in the order of their nodes, and sorting is stable. */
function krumOrder(
  updates: readonly ReferenceUpdate[],
  { place, neighbours }: { place: ReferencePlace; neighbours: number },
): ReferenceUpdate[] {
  const scored = updates.map((update) => {
    const others = updates.filter((other) => other !== update);
    const distances = others.map((other) => distance(update, other, place)).sort((a, b) => a - b);
    return { update, score: distances.slice(0, neighbours).reduce((a, b) => a + b, 0) };
  });
  return scored.sort((a, b) => a.score - b.score).map(({ update }) => update);
}

function bulyan(
  updates: readonly ReferenceUpdate[],
  place: ReferencePlace,
  f: number,
): ReferenceResult {
  let left = updates;
  const selected: ReferenceUpdate[] = [];
  while (selected.length < updates.length - 2 * f) {
    const neighbours = Math.max(1, left.length - f - 2);
    const [winner] = krumOrder(left, { place, neighbours });
    selected.push(winner);
    left = left.filter((update) => update !== winner);
  }
  const keep = selected.length - 2 * f;
  const sums = perPosition(selected, (column) => {
    const median = medianOf(column);
    const away = (v: bigint): bigint => (v < median ? median - v : v - median);
    const nearest = sorted(column).sort((a, b) => Number(away(a) - away(b)));
    return sumOf(nearest.slice(0, keep));
  });
  return { sums, divisor: BigInt(keep), selected: selected.map(({ node }) => node) };
}

function weiszfeld(updates: readonly ReferenceUpdate[], place: ReferencePlace): ReferenceUpdate[] {
  const squared = updates.map((a) => updates.map((b) => distance(a, b, place)));
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
