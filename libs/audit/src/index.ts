/**
 * audit: recompute a run from its evidence and name what does not fit.
 *
 * `verifyBundle` takes an exported folder and nothing else: it executes every block again from genesis, rebuilds every
 * header, tree, weight and model, and compares. `writeBundle` makes such a folder. Anchors — what an outsider holds —
 * decide between VERIFIED and CONSISTENT.
 *
 * Invariants: a bundle is untrusted input; no byte of it is outside a check; the verdict never rests on the manifest.
 * It refuses network and database, and to call anything verified that only one operator vouches for.
 */
export type { AnchorReport, Anchors, NodeAnchor, OwnReceipt } from './anchors.js';
export { BundleReader } from './bundle/bundle-reader.js';
export type { RoundEvidence } from './bundle/round-evidence.js';
export type { EpochEvidence, EpochScoresEvidence } from './bundle/epoch-evidence.js';
export { type BundleContent, writeBundle } from './bundle/write-bundle.js';
export type { Fact } from './facts.js';
export { type Culprit, type Finding, type StepId, STEPS } from './findings.js';
export {
  checkPassport,
  type PassportAnchors,
  type PassportReport,
} from './passport/check-passport.js';
export {
  decodePassport,
  encodePassport,
  type Passport,
  passportKeys,
} from './passport/passport.js';
export { renderReport } from './render-report.js';
export {
  type AuditReport,
  EMBEDDED_LIMITS,
  exitCodeOf,
  NOT_PROVED,
  type StepResult,
  type Verdict,
} from './report.js';
export type { FoundFault } from './rewards/pay-fault.js';
export { findPayFault, previewRewards } from './rewards/preview-rewards.js';
export type { PreviewedEpoch, RewardPreview } from './rewards/rewards-of.js';
export type { ChainFacts } from './state/chain-facts.js';
export {
  countingRounds,
  decodeRun,
  decodeVoids,
  runKey,
  type StoredRun,
  voidsKey,
} from './state/stored-run.js';
export type { OpenValidation } from './with-measurements.js';
export type { OwnNode } from './with-retraining.js';
export { verifyBundle, type VerifyOptions } from './verify-bundle.js';
