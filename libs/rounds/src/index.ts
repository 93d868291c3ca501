/**
 * rounds: the life of a run and its rounds, and every port it needs.
 *
 * A run is a loop over rounds; a round is one writer (RoundActor) behind a serial mailbox. Nest, sockets, SQL and
 * the chain are adapters of the ports. Coordinator, `simulate` and the tests drive this same code, which is why a
 * distributed run equals a simulated one bit for bit.
 *
 * Invariants: nothing counts before it is durable; only what is durable is signed; a round number is used once;
 * the accepted set is the folded set. Refuses: IO, wall clocks, randomness, floating-point sums.
 */
export { beaconRound, type Draw, drawCohort, pickCohort } from './cohort.js';
export * from './consent.js';
export { buildHeader, type HeaderParts } from './build-header.js';
export {
  cohortRootOf,
  type Contribution,
  contribTreeOf,
  contribOf,
  excludedRootOf,
  type Inclusion,
  inclusionsOf,
} from './round-trees.js';
export { checkSubmission, type Submission } from './gate.js';
export { genesisHash, genesisModel, type GenesisModel } from './genesis-model.js';
export { InMemoryJournal } from './in-memory-journal.js';
export {
  type BestModel,
  type LossTrack,
  NO_LOSSES,
  stoppedEarly,
  trackLoss,
} from './loss-track.js';
export { localSeed } from './local-seed.js';
export * from './model-tensors.js';
export { type Phase, TRANSITIONS } from './phases.js';
export * from './ports/index.js';
export { RoundActor } from './round-actor.js';
export { roundMetrics } from './round-metrics.js';
export { RunLoop, type RunOutcome, type RunStatus } from './run-loop.js';
export type { RunDeps, RunPlan } from './run-plan.js';
export { type ClosedRound, closedRoundOf } from './closed-round.js';
export { unitFor, weightFor } from './weight-for.js';
export { isVoid, lastCounting, nextCounting, type VoidSpan } from './void-span.js';
export { advance, type Position, startOf } from './position.js';
export { foldSpecOf, strategyOf, updateFormOf, weightedOf } from './fold-spec.js';
export { countedSteps, localSteps } from './local-steps.js';
export { DISCOUNTS, discounted, maxStalenessOf, modeOf } from './staleness.js';
export type { Verdict } from './verdict.js';
