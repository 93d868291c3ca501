import { auditPlan, type Draws, type PlannedAudit } from './audit-plan.js';
import { type AuditTally, contributionScores, type EpochScores } from './contribution-scores.js';
import { measureRound, type RoundEvidence } from './round-evidence.js';
import { type RoundScores, roundScores } from './round-scores.js';
import { MAX_SCORED_VALUES } from './rules.js';
import type { ScoredRound } from './scored-round.js';
import type { Validation } from './validation.js';

/** An epoch to score. Rounds are loaded one at a time: memory is one round's updates. */
export interface ScoredEpoch {
  /** Contributions of each non-empty round, in order. */
  readonly counts: readonly number[];
  /** The round at this place of `counts`. */
  load(index: number): Promise<ScoredRound>;
  /** From a seed that was fixed after the last round was committed. */
  readonly draws: Draws;
  /** The tallies that the epoch before gave. */
  readonly before: readonly AuditTally[];
}

/** An epoch's scores with all that is published to recompute them, in the order of its non-empty rounds. */
export interface MeasuredEpoch extends EpochScores {
  readonly evidence: readonly RoundEvidence[];
}

/** Measures and scores an epoch: the coordinator, when it settles. */
export async function measureEpoch(
  epoch: ScoredEpoch,
  validation: Validation,
): Promise<MeasuredEpoch> {
  const plan = auditPlan(epoch.draws, epoch.counts);
  const evidence: RoundEvidence[] = [];
  const rounds: RoundScores[] = [];
  for (const index of epoch.counts.keys()) {
    const round = await loaded(epoch, index);
    const permutations = permutationsFor(plan, index);
    const measured = await measureRound(round, { validation, permutations });
    const verdict = roundScores(round, measured, permutations);
    if (!verdict.ok) throw new Error(`measured evidence of round ${round.round} ${verdict.reason}`);
    evidence.push(measured);
    rounds.push(verdict.scores);
  }
  return { ...contributionScores(rounds, epoch.before), evidence };
}

/** What recomputing gives: the scores, or the round whose evidence does not stand up. */
export type RecomputedEpoch =
  ({ readonly ok: true } & EpochScores) | { readonly ok: false; readonly reason: string };

/** Recomputes an epoch from what was published, without the validation set: the auditor (step V10). */
export async function recomputeEpoch(
  epoch: ScoredEpoch,
  evidence: readonly RoundEvidence[],
): Promise<RecomputedEpoch> {
  if (evidence.length !== epoch.counts.length) {
    const reason = `there is evidence of ${evidence.length} rounds, of ${epoch.counts.length} it must be`;
    return { ok: false, reason };
  }
  const plan = auditPlan(epoch.draws, epoch.counts);
  const rounds: RoundScores[] = [];
  for (const [index, published] of evidence.entries()) {
    const round = await loaded(epoch, index);
    const verdict = roundScores(round, published, permutationsFor(plan, index));
    if (!verdict.ok) return { ok: false, reason: `round ${round.round} ${verdict.reason}` };
    rounds.push(verdict.scores);
  }
  return { ok: true, ...contributionScores(rounds, epoch.before) };
}

function permutationsFor(
  plan: readonly PlannedAudit[],
  index: number,
): PlannedAudit['permutations'] | undefined {
  return plan.find((audit) => audit.index === index)?.permutations;
}

/** Checks at the door what the kernels take for granted; throws RangeError. */
async function loaded(epoch: ScoredEpoch, index: number): Promise<ScoredRound> {
  const round = await epoch.load(index);
  const { base, contributions, earlier } = round;
  if (contributions.length !== epoch.counts[index]) {
    throw new RangeError(
      `round ${round.round} has ${contributions.length} contributions, not ${epoch.counts[index]}`,
    );
  }
  if (contributions.length * base.length > MAX_SCORED_VALUES) {
    throw new RangeError(`round ${round.round} holds more than ${MAX_SCORED_VALUES} values`);
  }
  const lengths = [
    ...contributions.map(({ values }) => values.length),
    ...earlier.map((m) => m.length),
  ];
  if (lengths.some((length) => length !== base.length)) {
    throw new RangeError(`round ${round.round} mixes models of different lengths`);
  }
  if (contributions.some(({ node }, i) => i > 0 && node <= contributions[i - 1].node)) {
    throw new RangeError(`round ${round.round} is not in the order of its nodes`);
  }
  return round;
}
