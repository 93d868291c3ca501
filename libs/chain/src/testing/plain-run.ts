import type { Hash } from '@tallystick/kernel';
import type { NewRun } from '../client/round-ledger.js';

/** A run that pays nothing, asks for no consent and is final at once. */
export function plainRun(
  ids: { readonly spec: Hash; readonly model: Hash },
  changes: Partial<NewRun> = {},
): NewRun {
  return {
    ...ids,
    minNodes: 1,
    windows: { challengeMs: 0n, settleMs: 0n, haltMs: 86_400_000n, maxTaskAgeBlocks: 1_024 },
    weighting: { by: 'examples', cap: 1_000_000n },
    purpose: 7,
    isConsentRequired: false,
    payout: { policy: 'weight', epochRounds: 5, epochBudget: 0n, capPpm: 1_000_000 },
    pot: 0n,
    ...changes,
  };
}
