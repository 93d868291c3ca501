/** What one epoch of a run may pay. */
export interface EpochTerms {
  /** Units of a full epoch; the chain holds this number. */
  readonly epochBudget: bigint;
  /** Non-empty rounds of a full epoch. */
  readonly epochRounds: number;
}

/** ⌊pot ÷ ⌈rounds ÷ epochRounds⌉⌋: what a full epoch of a run of `rounds` non-empty rounds pays. */
export function epochBudget(pot: bigint, rounds: number, epochRounds: number): bigint {
  return pot / BigInt(Math.ceil(rounds / epochRounds));
}

/**
 * What an epoch over `rounds` non-empty rounds (1 to epochRounds) pays: the budget, or its part when the epoch is
 * shorter, and never more than what is `left` of the pot.
 */
export function epochDue(terms: EpochTerms, rounds: number, left: bigint): bigint {
  const due = (terms.epochBudget * BigInt(rounds)) / BigInt(terms.epochRounds);
  return due < left ? due : left;
}
