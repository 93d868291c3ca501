import { asNodeId } from '@tallystick/kernel';
import { SeededRandom } from '@tallystick/kernel/testing';
import { auditPlan, type PlannedAudit } from '../contribution/audit-plan.js';
import { type AuditTally, contributionScores } from '../contribution/contribution-scores.js';
import { measureRound } from '../contribution/round-evidence.js';
import { type RoundScores, roundScores } from '../contribution/round-scores.js';
import type { ScoredContribution, ScoredRound } from '../contribution/scored-round.js';
import type { Validation } from '../contribution/validation.js';
import { type Member, type Partition, population } from './population.js';
import { scoredRounds, validationOn } from './scored-run.js';

/** Rounds that are settled together, and of one run. */
const EPOCH_ROUNDS = 5;
const ROUNDS = 25;

/** A population's rounds, played and measured once; every variant of a rule is then tried on the same. */
export interface AcceptanceRun {
  readonly members: readonly Member[];
  readonly rounds: readonly ScoredRound[];
  readonly scores: readonly RoundScores[];
  readonly validation: Validation;
}

/** Plays and measures 25 rounds of the population. @param partition of the nine good nodes' labels */
export async function acceptanceRun(seed: number, partition: Partition): Promise<AcceptanceRun> {
  const played = population(seed, partition);
  const rounds = scoredRounds(played, ROUNDS);
  const validation = validationOn(played.validation);
  const scores = await measuredRounds(rounds, { validation, seed });
  return { members: played.members, rounds, scores, validation };
}

/** The rounds' scores as in one epoch. @param seed of the audits */
export async function measuredRounds(
  rounds: readonly ScoredRound[],
  { validation, seed }: { readonly validation: Validation; readonly seed: number },
): Promise<RoundScores[]> {
  const random = new SeededRandom(seed);
  const draws = { below: (n: number): number => random.between(0, n - 1) };
  const counts = rounds.map(({ contributions }) => contributions.length);
  const plan = auditPlan(draws, counts);
  const scores: RoundScores[] = [];
  for (const [index, round] of rounds.entries()) {
    const audit = plan.find((each) => each.index === index);
    scores.push(await measuredRound(round, validation, audit));
  }
  return scores;
}

async function measuredRound(
  round: ScoredRound,
  validation: Validation,
  audit: PlannedAudit | undefined,
): Promise<RoundScores> {
  const permutations = audit?.permutations;
  const evidence = await measureRound(round, { validation, permutations });
  const verdict = roundScores(round, evidence, permutations);
  if (!verdict.ok) throw new Error(verdict.reason);
  return verdict.scores;
}

/** What each member is paid. */
export interface Pay {
  /** The scores of one epoch over the whole run, nano-units. */
  readonly scores: readonly number[];
  /** Shares of the pot by them: what a run pays unless its spec says otherwise. */
  readonly together: readonly number[];
  /** Shares of a pot that gives every epoch as much, each in proportion to its own scores. */
  readonly byEpoch: readonly number[];
}

/** Settles the run in one epoch, and in epochs one after another. */
export function payOf(scores: readonly RoundScores[]): Pay {
  const whole = contributionScores(scores, []).scores.map(({ score }) => Number(score));
  let tallies: readonly AuditTally[] = [];
  const epochs = inEpochs(scores).map((epoch) => {
    const settled = contributionScores(epoch, tallies);
    tallies = settled.tallies;
    return settled.scores.map(({ score }) => Number(score));
  });
  const byEpoch = epochs.map(shares).reduce((a, b) => a.map((share, i) => share + b[i]));
  return { scores: whole, together: shares(whole), byEpoch: shares(byEpoch) };
}

/**
 * The same rounds with one node's every update dealt to three nodes: a third of the weight each, and updates that
 * differ by noise as long as the update but add up to the same, so that the model does not notice.
 * @param index of the member; its weight is a multiple of 3
 */
export function splitInThree(rounds: readonly ScoredRound[], index: number): ScoredRound[] {
  const random = new SeededRandom(3);
  return rounds.map((round) => {
    const contributions = round.contributions.flatMap((contribution, i) =>
      i === index ? thirds(contribution, random) : [contribution],
    );
    return {
      ...round,
      contributions: contributions.map((c, i) => ({ ...c, node: asNodeId(i + 1) })),
    };
  });
}

function thirds(
  { node, weight, values }: ScoredContribution,
  random: SeededRandom,
): ScoredContribution[] {
  const most = 3 * Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
  const noise = (): Float64Array => values.map(() => Math.round((random.unit() - 0.5) * most));
  const [first, second] = [noise(), noise()];
  const third = first.map((x, j) => -x - second[j]);
  return [first, second, third].map((offset) => ({
    ...{ node, weight: weight / 3, values: values.map((v, j) => v + offset[j]) },
  }));
}

function inEpochs<T>(rounds: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(rounds.length / EPOCH_ROUNDS) }, (_, epoch) =>
    rounds.slice(EPOCH_ROUNDS * epoch, EPOCH_ROUNDS * (epoch + 1)),
  );
}

function shares(scores: readonly number[]): number[] {
  const total = scores.reduce((sum, score) => sum + score, 0);
  return scores.map((score) => score / total);
}
