/** Global changes that the novelty projection removes: those of the last non-empty rounds before this one. */
export const HISTORY_CHANGES = 5;
/** Rounds whose φ are summed with their sign before what is negative counts as nothing. */
export const WINDOW_ROUNDS = 5;
/** Of every so many rounds begun, one is audited. */
export const AUDIT_EVERY = 5;
/** Permutations of one audit. */
export const PERMUTATIONS = 30;
/** An audit of a round whose validation loss moved by no more than this (nano-units) says nothing about anybody. */
export const STILL_LOSS_NANO = 100_000;
/** A permutation is left when its loss is within one part in so many of the round's whole change of loss. */
export const TRUNCATE_PARTS = 100;
/** Two nodes are near-duplicates above this mean squared cosine: .95², in parts per thousand million. */
export const DUPLICATE_PPB = 902_500_000;
/** Largest loss, nano-units: a hundredfold difference of two is still exact in binary64. Larger ones count as this. */
export const MAX_LOSS_NANO = 1e13;
/** Bounds of the audit multiplier. */
export const MULTIPLIER_PPM: {
  readonly least: bigint;
  readonly most: bigint;
  readonly one: bigint;
} = {
  least: 100_000n,
  most: 1_500_000n,
  one: 1_000_000n,
};
/** Most numbers (contributions × parameters) of one scored round: they are held in memory as binary64, 1 GiB. */
export const MAX_SCORED_VALUES: number = 2 ** 27;
