/**
 * contribution: what each update was worth on a public validation set, in whole nano-units of loss.
 *
 * Measured (and published): per round the novel part G⊥ of the path gradient as 24-bit integers; per audited round
 * also G and the validation losses of a few subsets. Everything after that is integers, so whoever holds the updates
 * recomputes each score to the unit; the measurements themselves are checked within a tolerance on any engine.
 */
export { type AuditOrigin, auditSeed } from './audit-seed.js';
export { auditPlan, type Draws, type PlannedAudit } from './audit-plan.js';
export {
  type AuditTally,
  type ContributionScore,
  contributionScores,
  type EpochScores,
} from './contribution-scores.js';
export {
  type DecodedGradient,
  decodeGradient,
  encodeGradient,
  type GradientShape,
} from './gradient-file.js';
export { evidenceFault, type Measuring, type RoundEvidence } from './round-evidence.js';
export type { RoundScores } from './round-scores.js';
export {
  type MeasuredEpoch,
  measureEpoch,
  type RecomputedEpoch,
  recomputeEpoch,
  type ScoredEpoch,
} from './score-epoch.js';
export type { QuantisedGradient } from './quantised-gradient.js';
export { HISTORY_CHANGES, MAX_SCORED_VALUES } from './rules.js';
export {
  decodeSheet,
  encodeSheet,
  MAX_SHEET_CHARS,
  type ScoreSheet,
  type SheetRound,
} from './score-sheet.js';
export type { ScoredContribution, ScoredRound } from './scored-round.js';
export type { Validation, ValidationGradient, ValidationLoss } from './validation.js';
