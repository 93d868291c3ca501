/**
 * payout: who earned what in a run, to the unit (protocol.md §6).
 *
 * Budgets of epochs; shares by weight, per organisation or by score; the organisation cap by water-filling; floors
 * and largest remainders; cumulative entitlements, their sum tree and proofs; a preview of a run before its pot is
 * locked.
 *
 * Invariants: the units of an epoch sum to its budget exactly, whatever the shares; entitlements never decrease;
 * the same inputs give the same bytes in every language (`test-vectors/payouts.json`).
 *
 * It refuses to hold money, to read a chain, to use a float, and to judge what an update was worth beyond the scores
 * it is given.
 */
export { apportion, apportionCapped } from './apportion.js';
export {
  addPayments,
  type EntitleClaim,
  entitleClaim,
  type EntitleRoot,
  entitleRoot,
  verifyEntitlement,
} from './entitlements.js';
export { epochBudget, epochDue, type EpochTerms } from './epoch-budget.js';
export { type CommittedRound, type EpochSpan, nextEpoch } from './next-epoch.js';
export {
  capOf,
  type Earner,
  payEpoch,
  type Payment,
  type PayoutPolicy,
  type PayTerms,
} from './pay-epoch.js';
export {
  type PayoutPlan,
  type PayoutPreview,
  previewPayout,
  type PreviewEpoch,
} from './preview-payout.js';
export { type EpochHead, type SettledEpoch, settleEpoch } from './settle-epoch.js';
export { sumWeights } from './sum-weights.js';
