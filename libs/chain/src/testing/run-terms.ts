import type { NewRun } from '../client/round-ledger.js';

/** Terms of a run that asks for no consent and pays nothing. */
export const RUN_TERMS: Omit<NewRun, 'spec' | 'model' | 'windows' | 'pot'> = {
  minNodes: 1,
  weighting: { kind: 'examples', cap: 1_000_000n },
  purpose: 7,
  consentRequired: false,
  payout: { policy: 'weight', epochRounds: 5, epochBudget: 0n, capPpm: 1_000_000 },
};
