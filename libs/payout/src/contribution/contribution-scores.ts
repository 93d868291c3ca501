import type { NodeId } from '@tallystick/kernel';
import type { RoundScores } from './round-scores.js';
import { DUPLICATE_PPB, MULTIPLIER_PPM, WINDOW_ROUNDS } from './rules.js';

/** What the audits of a run have said about a node so far; both sums in nano-units of loss. */
export interface AuditTally {
  readonly node: NodeId;
  readonly path: bigint;
  readonly shapley: bigint;
}

/** A node's epoch. */
export interface ContributionScore {
  readonly node: NodeId;
  /** Σ φ over the epoch's rounds, nano-units of loss; negative when it did harm. */
  readonly sum: bigint;
  /** The smallest node that it nearly repeats in a window; there it is paid nothing. */
  readonly duplicateOf?: NodeId;
  /** In the last window that it was in. */
  readonly multiplierPpm: bigint;
  /** Σ max(0, sum)·multiplier over the epoch's windows, nano-units: its share of the epoch's budget. */
  readonly score: bigint;
}

/** Scores by node, ascending, and the audits' sums to carry into the next epoch. */
export interface EpochScores {
  readonly scores: readonly ContributionScore[];
  readonly tallies: readonly AuditTally[];
}

/**
 * One epoch's scores: the sums of its windows of five rounds, which give each other their tallies. So an epoch over a
 * whole run scores what five epochs of five rounds score, and only the budget differs.
 * @param rounds the epoch's rounds that have contributions, in order
 * @param before the tallies of the epoch before, by node; none in the first
 */
export function contributionScores(
  rounds: readonly RoundScores[],
  before: readonly AuditTally[],
): EpochScores {
  const scores = new Map<NodeId, ContributionScore>();
  let tallies = before;
  for (let from = 0; from < rounds.length; from += WINDOW_ROUNDS) {
    const window = windowScores(rounds.slice(from, from + WINDOW_ROUNDS), tallies);
    tallies = window.tallies;
    for (const score of window.scores) scores.set(score.node, added(scores.get(score.node), score));
  }
  return { scores: [...scores.values()].sort((a, b) => a.node - b.node), tallies };
}

function added(
  before: ContributionScore | undefined,
  { duplicateOf, ...next }: ContributionScore,
): ContributionScore {
  const originals = [before?.duplicateOf, duplicateOf].filter((node) => node !== undefined);
  const first = originals.toSorted((a, b) => a - b).at(0);
  return {
    ...next,
    sum: (before?.sum ?? 0n) + next.sum,
    ...(first === undefined ? {} : { duplicateOf: first }),
    score: (before?.score ?? 0n) + next.score,
  };
}

/**
 * φ is summed with its sign and clamped once, so that noise cancels; a node that nearly repeats one registered before it
 * is paid nothing; the multiplier is the node's Shapley value per φ over all audits so far. A node that no audit has met
 * counts once.
 */
function windowScores(rounds: readonly RoundScores[], before: readonly AuditTally[]): EpochScores {
  const sums = new Map<NodeId, bigint>();
  for (const { nodes, novel } of rounds) {
    for (const [i, node] of nodes.entries()) sums.set(node, (sums.get(node) ?? 0n) + novel[i]);
  }
  const nodes = [...sums.keys()].sort((a, b) => a - b);
  const originals = duplicates(rounds);
  const positive = (node: NodeId): bigint => {
    const sum = sums.get(node) ?? 0n;
    return sum > 0n && !originals.has(node) ? sum : 0n;
  };
  const tallies = tallied(rounds, before);
  const multipliers = new Map(tallies.map((tally) => [tally.node, multiplierOf(tally)]));
  const scores = nodes.map((node) => {
    const multiplierPpm = multipliers.get(node) ?? MULTIPLIER_PPM.one;
    const duplicateOf = originals.get(node);
    return {
      node,
      sum: sums.get(node) ?? 0n,
      ...(duplicateOf === undefined ? {} : { duplicateOf }),
      multiplierPpm,
      score: (positive(node) * multiplierPpm) / MULTIPLIER_PPM.one,
    };
  });
  return { scores, tallies };
}

interface Pair {
  readonly node: NodeId;
  readonly other: NodeId;
  similar: number;
  rounds: number;
}

/** Node → the smallest node whose updates it repeats: mean squared cosine above .95² over the rounds of both. */
function duplicates(rounds: readonly RoundScores[]): Map<NodeId, NodeId> {
  const pairs = new Map<string, Pair>();
  for (const { nodes, similar } of rounds) {
    for (const [i, node] of nodes.entries()) {
      for (const [j, ppb] of similar[i].entries()) {
        const key = `${node} ${nodes[j]}`;
        const pair = pairs.get(key) ?? { node, other: nodes[j], similar: 0, rounds: 0 };
        pair.similar += ppb;
        pair.rounds++;
        pairs.set(key, pair);
      }
    }
  }
  const originals = new Map<NodeId, NodeId>();
  for (const { node, other, similar, rounds: together } of pairs.values()) {
    if (similar <= DUPLICATE_PPB * together) continue;
    const held = originals.get(node);
    if (held === undefined || other < held) originals.set(node, other);
  }
  return originals;
}

function tallied(rounds: readonly RoundScores[], before: readonly AuditTally[]): AuditTally[] {
  const tallies = new Map(before.map((tally) => [tally.node, tally]));
  for (const { nodes, audit } of rounds) {
    if (audit === undefined) continue;
    for (const [i, node] of nodes.entries()) {
      const { path, shapley } = tallies.get(node) ?? { path: 0n, shapley: 0n };
      tallies.set(node, { node, path: path + audit.path[i], shapley: shapley + audit.shapley[i] });
    }
  }
  return [...tallies.values()].sort((a, b) => a.node - b.node);
}

/**
 * clip(Shapley ÷ φ, .1, 1.5) in ppm. Both sum to the fall of the loss over a round's nodes, so a node whose update
 * helps as much alone as in company has one.
 */
function multiplierOf({ path, shapley }: AuditTally): bigint {
  const { least, most, one } = MULTIPLIER_PPM;
  if (path <= 0n || shapley <= 0n) return least;
  const ratio = (shapley * one) / path;
  if (ratio < least) return least;
  return ratio > most ? most : ratio;
}
