/** A round that the chain holds. */
export interface CommittedRound {
  readonly round: number;
  readonly included: number;
}

/** Rounds that are settled together. */
export interface EpochSpan {
  readonly firstRound: number;
  readonly lastRound: number;
  /** Rounds of it that are paid for. */
  readonly nonEmpty: number;
}

/**
 * The next epoch over `rounds`, which follow each other from the first unsettled one on: it ends with the
 * `epochRounds`-th round that is not empty, or, when the run has ended, with the last one. Undefined while there are too
 * few, and when there is nothing to pay for.
 */
export function nextEpoch(
  rounds: readonly CommittedRound[],
  { epochRounds, isEnded }: { readonly epochRounds: number; readonly isEnded: boolean },
): EpochSpan | undefined {
  const paid = rounds.filter(({ included }) => included > 0).slice(0, epochRounds);
  const [first] = rounds;
  const last = paid.at(-1);
  if (first === undefined || last === undefined) return undefined;
  if (paid.length < epochRounds && !isEnded) return undefined;
  return { firstRound: first.round, lastRound: last.round, nonEmpty: paid.length };
}
