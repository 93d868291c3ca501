import { distancesOf } from './distances.js';
import { geometricMedianWeights } from './geometric-median.js';
import { bulyanSelection, krum } from './krum.js';

/** What a rule that compares whole updates decides by. */
export interface Choice {
  readonly kind: 'krum' | 'multiKrum' | 'bulyan' | 'geometricMedian';
  readonly tolerance: number;
  /** Scalar products of all pairs, n², at [i·n + j] for i ≤ j. */
  readonly products: Float64Array;
  /** n_i of the updates, in the order of their nodes. */
  readonly weights: readonly number[];
}

/** The integer weight that the rule gives each update; 1 and 0 where it selects. At least one is positive. */
export function chooseUpdates({ kind, tolerance, products, weights }: Choice): number[] {
  const n = weights.length;
  const distances = { squared: distancesOf(products, n), n };
  const only = (members: readonly number[]): number[] => {
    const isMember = new Set(members);
    return weights.map((_, i) => (isMember.has(i) ? 1 : 0));
  };
  switch (kind) {
    case 'krum':
      return only(krum(distances, tolerance, 1));
    case 'multiKrum':
      return only(krum(distances, tolerance, n - tolerance));
    case 'bulyan':
      return only(bulyanSelection(distances, tolerance));
    case 'geometricMedian':
      return geometricMedianWeights(distances, weights);
  }
}
