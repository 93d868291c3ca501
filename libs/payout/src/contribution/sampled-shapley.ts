import { STILL_LOSS_NANO, TRUNCATE_PARTS } from './rules.js';

/** Indices of the contributions whose weighted mean is added to the round's base model; none is the base itself. */
export type Subset = readonly number[];

/**
 * Truncated Monte-Carlo Shapley values of one round (GTG-Shapley, arXiv 2109.02053): mean fall of the validation loss
 * that each contribution brings over the permutations, in nano-units, rounded towards zero.
 *
 * It yields the subsets whose loss it needs and is given whole nano-units (at most MAX_LOSS_NANO): first of nobody, then of all.
 * The losses are published in this order, so everybody walks the same way and gets the same integers.
 * @returns undefined when the round moved the loss too little to tell anybody apart
 */
export function* sampledShapley(
  permutations: readonly (readonly number[])[],
): Generator<Subset, bigint[] | undefined, number> {
  const everybody = permutations[0].toSorted((a, b) => a - b);
  const before = yield [];
  const after = yield everybody;
  const moved = Math.abs(before - after);
  if (moved <= STILL_LOSS_NANO) return undefined;
  const falls = everybody.map(() => 0n);
  for (const order of permutations) {
    let loss = before;
    for (const [position, member] of order.entries()) {
      if (TRUNCATE_PARTS * Math.abs(after - loss) < moved) break;
      const next = yield order.slice(0, position + 1);
      falls[member] += BigInt(loss) - BigInt(next);
      loss = next;
    }
  }
  return falls.map((fall) => fall / BigInt(permutations.length));
}
