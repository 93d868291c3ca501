import { asNodeId } from '@tallystick/kernel';
import { describe, expect, it } from 'vitest';
import { type AuditTally, contributionScores } from './contribution-scores.js';
import type { RoundScores } from './round-scores.js';

function round(novel: readonly number[], rest: Partial<RoundScores> = {}): RoundScores {
  return {
    round: 0,
    nodes: novel.map((_, i) => asNodeId(i + 1)),
    novel: novel.map(BigInt),
    similar: novel.map((_, i) => Array.from({ length: i }, () => 0)),
    ...rest,
  };
}

function audit(path: readonly number[], shapley: readonly number[]): Pick<RoundScores, 'audit'> {
  return { audit: { path: path.map(BigInt), shapley: shapley.map(BigInt) } };
}

const scoresOf = (rounds: readonly RoundScores[], before: readonly AuditTally[] = []) =>
  contributionScores(rounds, before).scores.map(({ score }) => Number(score));

describe('the window', () => {
  it('sums with signs and clamps once, so that noise cancels', () => {
    const { scores } = contributionScores([round([900, -500]), round([-700, 400])], []);
    expect(scores.map(({ sum }) => sum)).toEqual([200n, -100n]);
    expect(scores.map(({ score }) => score)).toEqual([200n, 0n]);
  });

  it('is five rounds: a later one clamps anew, and the sums of all are its epoch', () => {
    const good = round([100, 50]);
    const bad = round([-100, 50]);
    const rounds = [good, good, good, good, good, bad, bad];
    const { scores } = contributionScores(rounds, []);
    expect(scores.map(({ sum, score }) => [sum, score])).toEqual([
      [300n, 500n],
      [350n, 350n],
    ]);
    const first = contributionScores(rounds.slice(0, 5), []);
    const second = contributionScores(rounds.slice(5), first.tallies);
    expect(second.scores.map(({ score }, i) => score + first.scores[i].score)).toEqual(
      scores.map(({ score }) => score),
    );
  });

  it('a node absent from a round neither gains nor loses; nodes come in order', () => {
    const only = { ...round([70]), nodes: [asNodeId(2)] };
    const { scores } = contributionScores([only, round([10, 20])], []);
    expect(scores.map(({ node, score }) => [node, score])).toEqual([
      [1, 10n],
      [2, 90n],
    ]);
  });

  it('of no rounds scores nobody', () => {
    expect(contributionScores([], [])).toEqual({ scores: [], tallies: [] });
  });
});

describe('near-duplicates', () => {
  const similar = (ppb: number) => ({ similar: [[], [ppb], [0, 0]] });

  it('of two only the smaller node is paid, above a mean squared cosine of .9025', () => {
    expect(scoresOf([round([5, 5, 5], similar(902_500_001))])).toEqual([5, 0, 5]);
    expect(scoresOf([round([5, 5, 5], similar(902_500_000))])).toEqual([5, 5, 5]);
    const { scores } = contributionScores([round([5, 5, 5], similar(10 ** 9))], []);
    expect(scores.map(({ duplicateOf }) => duplicateOf)).toEqual([undefined, 1, undefined]);
  });

  it('one unlike round does not make them two', () => {
    const rounds = [10 ** 9, 10 ** 9, 10 ** 9, 10 ** 9, 520_000_000].map((ppb) =>
      round([5, 5, 5], similar(ppb)),
    );
    expect(scoresOf(rounds)).toEqual([25, 0, 25]);
    expect(scoresOf(rounds.slice(3))).toEqual([10, 10, 10]);
  });

  it('a turned copy is no copy', () => {
    expect(scoresOf([round([5, 5, 5], similar(-(10 ** 9)))])).toEqual([5, 5, 5]);
  });

  it('a third copy names the smallest', () => {
    const all = { similar: [[], [10 ** 9], [10 ** 9, 10 ** 9]] };
    const { scores } = contributionScores([round([5, 5, 5], all)], []);
    expect(scores.map(({ duplicateOf }) => duplicateOf)).toEqual([undefined, 1, 1]);
  });
});

describe('the multiplier', () => {
  const multipliers = (rounds: readonly RoundScores[], before: readonly AuditTally[] = []) =>
    contributionScores(rounds, before).scores.map(({ multiplierPpm }) => Number(multiplierPpm));
  const three = [1_000_000, 1_000_000, 1_000_000];
  const audited = (path: readonly number[], shapley: readonly number[]) =>
    round(three, audit(path, shapley));

  it('is the Shapley value per φ, between a tenth and one and a half', () => {
    expect(multipliers([audited([100, 100, 300], [25, 149, 100])])).toEqual([
      250_000, 1_490_000, 333_333,
    ]);
    expect(multipliers([audited([100, 100, 100], [9, 151, -20])])).toEqual([
      100_000, 1_500_000, 100_000,
    ]);
    expect(scoresOf([audited([100, 100, 300], [25, 149, 100])])).toEqual([
      250_000, 1_490_000, 333_333,
    ]);
  });

  it('adds all audits of the run up, and carries them on', () => {
    const first = contributionScores([audited([100, 100, 100], [90, 50, 50])], []);
    const second = contributionScores([audited([100, 100, 100], [-50, 50, 50])], first.tallies);
    expect(second.tallies[0]).toEqual({ node: 1, path: 200n, shapley: 40n });
    expect(second.scores[0].multiplierPpm).toBe(200_000n);
    expect(contributionScores([round(three)], second.tallies).tallies).toEqual(second.tallies);
    expect(multipliers([round(three)], second.tallies)).toEqual([200_000, 500_000, 500_000]);
  });

  it('is one for a node that no audit has met', () => {
    const met = { ...round([1_000_000], audit([100], [20])), nodes: [asNodeId(2)] };
    expect(multipliers([met, round(three)])).toEqual([1_000_000, 200_000, 1_000_000]);
  });

  it('where φ is not positive it is the least', () => {
    expect(multipliers([audited([-100, 0, 100], [50, 50, 100])])).toEqual([
      100_000, 100_000, 1_000_000,
    ]);
  });
});
