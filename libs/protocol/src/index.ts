/**
 * protocol: what travels between processes (protocol.md §2 and §8).
 *
 * The run spec with its YAML reader and canonical JSON; frames of the fleet socket; schemas of the REST API; invite
 * tokens; every limit with its reason. The zod schemas are the source of the OpenAPI document.
 *
 * Invariants: sizes are checked before parsing; unknown kinds and keys are refused; a fault names what is wrong and
 * where; the same spec has one canonical JSON and one hash.
 *
 * It refuses to open sockets or files, to judge who may say what (that is fleet's and registry's), and to execute
 * anything found in a spec.
 */
export { decodeCohort, encodeCohort } from './frames/cohort-payload.js';
export {
  type Decoded,
  decodeCoordinatorFrame,
  decodeFrame,
  decodeNodeFrame,
  encodeFrame,
  type Frame,
} from './frames/frame.js';
export * from './frames/frame-heads.js';
export { type Heartbeats, LIMIT_NOTES, LIMITS, MAX_COHORT, silenceLimitMs } from './limits.js';
export {
  type ParsedRunSpec,
  parseCanonicalSpec,
  parseRunSpec,
  specHash,
} from './spec/parse-run-spec.js';
export { payoutOf, type PayoutRules } from './spec/payout-of.js';
export type { PayoutSpec } from './spec/payout-spec.js';
export * from './spec/run-spec.js';
export {
  leastUpdates,
  type RobustRuleName,
  type RobustSpec,
  type StrategySpec,
  toleranceOf,
} from './spec/strategy-spec.js';
export { type Fault, formatFaults, type Parsed, parseYaml } from './yaml/parse-yaml.js';
export { decodeInviteToken, encodeInviteToken, InviteToken } from './invite-token.js';
export { spkiPin } from './wire-types.js';
export * from './rest/chain.js';
export * from './rest/people.js';
export * from './rest/error-body.js';
export * from './rest/figures.js';
export * from './rest/organisations-and-nodes.js';
export * from './rest/owner-calls.js';
export * from './rest/rewards.js';
export * from './rest/rounds.js';
export * from './rest/runs.js';
export * from './rest/site-page.js';
