import type { PayoutSpec } from './payout-spec.js';

/** Most rounds of one epoch; the pallet's bound. */
export const MAX_EPOCH_ROUNDS = 1024;

/** How a run pays, with nothing left open. */
export type PayoutRules = PayoutSpec & { readonly epochRounds: number };

/** What PayoutSpec fills in; a literal, so that whoever only reads a spec need not load the schemas. */
export const BY_WEIGHT: PayoutRules = { policy: 'weight', epochRounds: 5, capPpm: 1_000_000 };

/**
 * How `spec` pays: a run that does not say so pays by weight. Scores of a few rounds tell honest nodes apart less well
 * than those of a whole run, so `contribution` shares one pot at the end unless the spec says otherwise.
 */
export function payoutOf({
  payout = BY_WEIGHT,
  rounds,
}: {
  readonly payout?: PayoutSpec | undefined;
  readonly rounds: number;
}): PayoutRules {
  const { epochRounds = Math.min(rounds, MAX_EPOCH_ROUNDS) } = payout;
  return { ...payout, epochRounds };
}
