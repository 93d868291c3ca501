import { beforeAll, describe, expect, it } from 'vitest';
import {
  type AcceptanceRun,
  acceptanceRun,
  measuredRounds,
  type Partition,
  payFigures,
  payOf,
  splitInThree,
} from '../testing/index.js';
import { pathScores } from './path-scores.js';
import { quantiseGradient } from './quantised-gradient.js';
import { pathGradient } from './path-gradient.js';
import type { RoundScores } from './round-scores.js';

/** One of the five held-out seeds; `npm run bench:scores` takes them all. */
const SEED = 101;
/** The file takes 37 s of one core, a run a quarter of it; other work on the machine only stretches that. */
const PATIENCE_MS = 240_000;

describe.each<Partition>(['dirichlet', 'iid'])('26 nodes, 25 rounds, %s', (partition) => {
  let run: AcceptanceRun;

  beforeAll(async () => {
    run = await acceptanceRun(SEED, partition);
  }, PATIENCE_MS);

  const figuresOf = (scores: readonly RoundScores[]) =>
    payFigures(run.members, payOf(scores).together);
  const each = (change: (scores: RoundScores) => RoundScores) => run.scores.map(change);

  it('keeps every bound', () => {
    const figures = figuresOf(run.scores);
    expect(figures.freeRiders).toBeLessThanOrEqual(0.01);
    expect(figures.pureNoise).toBeLessThanOrEqual(0.15);
    expect(figures.flip).toBe(0);
    expect(figures.auc).toBeGreaterThanOrEqual(0.95);
    expect(figures.rare).toBeGreaterThanOrEqual(2);
    expect(figures.registrations).toBeLessThanOrEqual(2);
  });

  it('without the projection free-riders are paid', async () => {
    const plain: RoundScores[] = [];
    for (const [i, scores] of run.scores.entries()) {
      const round = run.rounds[i];
      const path = quantiseGradient(await pathGradient(round, run.validation));
      plain.push({ ...scores, novel: pathScores(round, path) });
    }
    expect(figuresOf(plain).freeRiders).toBeGreaterThan(0.01);
  });

  it('without audits random labels are paid', () => {
    const unaudited = each(({ audit: _, ...scores }) => scores);
    expect(figuresOf(unaudited).pureNoise).toBeGreaterThan(0.15);
  });

  it('without the sign the node that turns its update is paid', () => {
    const unsigned = each((scores) => ({
      ...scores,
      novel: scores.novel.map((phi) => (phi < 0n ? -phi : phi)),
    }));
    expect(figuresOf(unsigned).flip).toBeGreaterThan(0);
  });

  it('without the rule on near-duplicates one data set is paid more, and a copy is paid', () => {
    const unlike = each((scores) => ({
      ...scores,
      similar: scores.similar.map((row) => row.map(() => 0)),
    }));
    const figures = figuresOf(unlike);
    expect(figures.registrations).toBeGreaterThan(2);
    expect(figures.freeRiders).toBeGreaterThan(2 * figuresOf(run.scores).freeRiders);
  });

  it('by weight, honesty and rare classes are not told apart', () => {
    const weight = run.members.map(({ claimed }) => claimed);
    const figures = payFigures(run.members, weight);
    expect(figures.auc).toBeLessThan(0.95);
    expect(figures.rare).toBeLessThan(2);
  });

  it(
    'splitting a node in three does not change its total',
    async () => {
      const index = run.members.findIndex(({ role }) => role === 'rare');
      const thirds = [index, index + 1, index + 2];
      const split = splitInThree(run.rounds, index);
      const { validation } = run;
      const scores = await measuredRounds(split, { validation, seed: SEED });
      const sumOf = (values: readonly bigint[]) => values.reduce((a, b) => a + b, 0n);
      const before = sumOf(run.scores.map(({ novel }) => novel[index]));
      const after = sumOf(scores.flatMap(({ novel }) => thirds.map((i) => novel[i])));
      // Three parts and 25 rounds round towards zero.
      expect(Number(after - before)).toBeCloseTo(0, -2);

      const total = payOf(run.scores).scores[index];
      const totals = payOf(scores).scores;
      const ratio = thirds.reduce((sum, i) => sum + totals[i], 0) / total;
      expect(Math.abs(ratio - 1)).toBeLessThanOrEqual(0.05);
      // Were a part's weight not in its score, three would be paid three times.
      const unweighted = scores.map((each) => ({
        ...each,
        novel: each.novel.map((phi, i) => (thirds.includes(i) ? 3n * phi : phi)),
      }));
      const tripled = payOf(unweighted).scores;
      expect(thirds.reduce((sum, i) => sum + tripled[i], 0) / total).toBeGreaterThan(1.05);
    },
    PATIENCE_MS,
  );
});
