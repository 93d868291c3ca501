import type { PayoutSpec } from './payout-spec.js';

/** What PayoutSpec fills in; a literal, so that whoever only reads a spec need not load the schemas. */
const BY_WEIGHT: PayoutSpec = { policy: 'weight', epochRounds: 5, capPpm: 1_000_000 };

/** How `spec` pays: a run that does not say so pays by weight. */
export function payoutOf({ payout }: { readonly payout?: PayoutSpec | undefined }): PayoutSpec {
  return payout ?? BY_WEIGHT;
}
