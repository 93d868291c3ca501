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
 * The next epoch over those of `rounds` from the first unsettled number on, which may be a void one: it ends with the
 * `epochRounds`-th round that is not empty, or, when the run has ended, with the last one. Undefined while there are too
 * few, and when there is nothing to pay for.
 * @param rounds those that count, ascending
 */
export function nextEpoch(
  rounds: readonly CommittedRound[],
  {
    firstRound,
    epochRounds,
    isEnded,
  }: {
    readonly firstRound: number;
    readonly epochRounds: number;
    readonly isEnded: boolean;
  },
): EpochSpan | undefined {
  const open = rounds.filter(({ round, included }) => round >= firstRound && included > 0);
  const paid = open.slice(0, epochRounds);
  const last = paid.at(-1);
  if (last === undefined) return undefined;
  if (paid.length < epochRounds && !isEnded) return undefined;
  return { firstRound, lastRound: last.round, nonEmpty: paid.length };
}
