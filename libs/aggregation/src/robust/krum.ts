/** Squared distances between n updates: n² float64. */
export interface Distances {
  readonly squared: Float64Array;
  readonly n: number;
}

/**
 * The `count` updates of the smallest Krum score (Blanchard et al. 2017): the sum of the n − f − 2 smallest squared
 * distances to others, added from the smallest on. Updates stand in the order of their nodes, and of equal scores the
 * first wins. Returned in their order. One is Krum, n − f are Multi-Krum.
 */
export function krum(distances: Distances, tolerance: number, count: number): number[] {
  const { n } = distances;
  const order = neighboursOf(distances);
  const isLeft = new Uint8Array(n).fill(1);
  const scores = scoresOf({ ...distances, order, isLeft }, n - tolerance - 2);
  const byScore = Array.from(scores.keys()).sort((a, b) => scores[a] - scores[b] || a - b);
  return byScore.slice(0, count).sort((a, b) => a - b);
}

/**
 * The n − 2f updates that Bulyan selects (El Mhamdi et al. 2018): the winner of Krum among those that are left is
 * taken out, again and again. Of m that are left the m − f − 2 nearest count, never fewer than one.
 */
export function bulyanSelection(distances: Distances, tolerance: number): number[] {
  const { n } = distances;
  const order = neighboursOf(distances);
  const isLeft = new Uint8Array(n).fill(1);
  const selected: number[] = [];
  while (selected.length < n - 2 * tolerance) {
    const left = n - selected.length;
    const scores = scoresOf(
      { ...distances, order, isLeft },
      Math.min(left - 1, Math.max(1, left - tolerance - 2)),
    );
    let winner = -1;
    for (let i = 0; i < n; i++) {
      if (isLeft[i] === 1 && (winner < 0 || scores[i] < scores[winner])) winner = i;
    }
    isLeft[winner] = 0;
    selected.push(winner);
  }
  return selected.sort((a, b) => a - b);
}

/** Of every update the others, from the nearest on: n rows of n − 1. */
function neighboursOf({ squared, n }: Distances): Uint32Array[] {
  return Array.from({ length: n }, (_, i) => {
    const others = Array.from({ length: n }, (_none, j) => j).filter((j) => j !== i);
    const row = squared.subarray(i * n, (i + 1) * n);
    return Uint32Array.from(others.sort((a, b) => row[a] - row[b]));
  });
}

interface Candidates extends Distances {
  readonly order: readonly Uint32Array[];
  readonly isLeft: Uint8Array;
}

/** The sum of the `count` smallest distances of every update that is left to the others that are. */
function scoresOf({ squared, n, order, isLeft }: Candidates, count: number): Float64Array {
  const scores = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    if (isLeft[i] === 0) continue;
    let missing = count;
    for (let at = 0; missing > 0; at++) {
      const j = order[i][at];
      if (isLeft[j] === 0) continue;
      scores[i] += squared[i * n + j];
      missing--;
    }
  }
  return scores;
}
