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

const MOST = 1_250_000n;

const scoresOf = (rounds: readonly RoundScores[], before: readonly AuditTally[] = []) =>
  contributionScores(rounds, before).scores.map(({ score }) => Number(score));

describe('the window', () => {
  it('sums with signs and clamps once, so that noise cancels', () => {
    const { scores } = contributionScores([round([900, -500]), round([-700, 400])], []);
    expect(scores.map(({ sum }) => sum)).toEqual([200n, -100n]);
    expect(scores.map(({ score }) => score)).toEqual([200n, 0n]);
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
  const MILLION = 1_000_000;
  const flat = [MILLION, MILLION, MILLION];

  it('is the Shapley value per φ relative to the median, between its bounds', () => {
    const { scores } = contributionScores([round(flat, audit([100, 100, 100], [10, 50, 40]))], []);
    expect(scores.map(({ multiplierPpm }) => multiplierPpm)).toEqual([250_000n, MOST, 1_000_000n]);
    const worse = contributionScores([round(flat, audit([100, 100, 100], [-10, 50, 3]))], []);
    expect(worse.scores.map(({ multiplierPpm }) => multiplierPpm)).toEqual([
      100_000n,
      MOST,
      1_000_000n,
    ]);
  });

  it('adds all audits of the run up, and carries them on', () => {
    const first = contributionScores([round(flat, audit([100, 100, 100], [90, 50, 50]))], []);
    const second = contributionScores(
      [round(flat, audit([100, 100, 100], [-50, 50, 50]))],
      first.tallies,
    );
    expect(second.tallies[0]).toEqual({ node: 1, path: 200n, shapley: 40n });
    expect(second.scores[0].multiplierPpm).toBe(400_000n);
    expect(contributionScores([round(flat)], second.tallies).tallies).toEqual(second.tallies);
  });

  it('is one for a node that no audit has met, and takes no part in the median', () => {
    const met = { ...round([MILLION], audit([100], [20])), nodes: [asNodeId(2)] };
    const { scores } = contributionScores([met, round(flat)], []);
    expect(scores.map(({ multiplierPpm }) => multiplierPpm)).toEqual([
      1_000_000n,
      1_000_000n,
      1_000_000n,
    ]);
  });

  it('its median is of the nodes that are paid', () => {
    const rounds = [round([MILLION, MILLION, -MILLION], audit([100, 100, 100], [40, 50, 1]))];
    const [a, b] = contributionScores(rounds, []).scores;
    expect(a.multiplierPpm).toBe(888_888n);
    expect(b.multiplierPpm > a.multiplierPpm).toBe(true);
  });

  it('where φ is not positive it is the least', () => {
    const { scores } = contributionScores([round(flat, audit([-100, 100, 100], [50, 50, 50]))], []);
    expect(scores[0].multiplierPpm).toBe(100_000n);
  });
});
