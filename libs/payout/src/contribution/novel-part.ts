import { HISTORY_CHANGES } from './rules.js';
import type { ScoredRound } from './scored-round.js';

/** A change that keeps no more than this share of its squared length is a combination of newer ones. */
const DEPENDENT = 2 ** -40;

/**
 * G⊥: `gradient` without its part in the span of the last global changes. What can be copied from public history earns
 * nothing, since ⟨G⊥, Δ⟩ = ⟨G, (I − P)Δ⟩. Gram–Schmidt, each projection taken twice (Giraud et al. 2005), newest
 * change first, in binary64 in the order of positions: the same bits everywhere.
 * @returns d binary64, fresh, in the gradient's units
 */
export function novelPart(gradient: Float64Array, round: ScoredRound): Float64Array {
  const basis: Direction[] = [];
  for (const change of globalChanges(round)) {
    const before = product(change, change);
    const rest = removed(change, basis);
    const squared = product(rest, rest);
    if (squared > DEPENDENT * before) basis.push({ along: rest, squared });
  }
  return removed(gradient, basis);
}

interface Direction {
  readonly along: Float64Array;
  readonly squared: number;
}

/** The model's last changes, newest first; differences of float32 are taken in binary64. */
function globalChanges({ base, earlier }: ScoredRound): Float64Array[] {
  const models = [base, ...earlier.slice(0, HISTORY_CHANGES)];
  return models.slice(1).map((before, i) => Float64Array.from(before, (w, j) => models[i][j] - w));
}

function removed(vector: Float64Array, basis: readonly Direction[]): Float64Array {
  const rest = Float64Array.from(vector);
  for (const { along, squared } of [...basis, ...basis]) {
    const share = product(rest, along) / squared;
    for (let j = 0; j < rest.length; j++) rest[j] -= share * along[j];
  }
  return rest;
}

function product(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j] * b[j];
  return sum;
}
