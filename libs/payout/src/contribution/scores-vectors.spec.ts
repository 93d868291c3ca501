import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { asNodeId } from '@tallystick/kernel';
import { describe, expect, it } from 'vitest';
import { auditPlan, type Draws } from './audit-plan.js';
import type { AuditTally } from './contribution-scores.js';
import { novelPart } from './novel-part.js';
import { pathScores } from './path-scores.js';
import { type QuantisedGradient, quantiseGradient } from './quantised-gradient.js';
import type { RoundEvidence } from './round-evidence.js';
import { roundScores } from './round-scores.js';
import { recomputeEpoch } from './score-epoch.js';
import type { ScoredRound } from './scored-round.js';
import { similarities } from './similarities.js';

interface GradientVector {
  readonly exponent: number;
  readonly values: readonly number[];
}

interface RoundVector {
  readonly round: number;
  readonly base: readonly number[];
  readonly earlier: readonly (readonly number[])[];
  readonly gradient: readonly number[];
  readonly contributions: readonly {
    readonly node: number;
    readonly weight: number;
    readonly values: readonly number[];
  }[];
  readonly novel: GradientVector;
  readonly similar: readonly (readonly number[])[];
  readonly phi: readonly string[];
  readonly audit?: {
    readonly path: GradientVector;
    readonly losses: readonly number[];
    readonly shapley: readonly string[];
  };
}

interface Vectors {
  readonly epochs: readonly {
    readonly seed: string;
    readonly words: readonly number[];
    readonly plan: readonly {
      readonly index: number;
      readonly permutations: readonly number[][];
    }[];
    readonly rounds: readonly RoundVector[];
    readonly scores: readonly {
      readonly node: number;
      readonly sum: string;
      readonly duplicateOf?: number;
      readonly multiplierPpm: string;
      readonly score: string;
    }[];
    readonly tallies: readonly { node: number; path: string; shapley: string }[];
  }[];
}

const path = (name: string): string =>
  fileURLToPath(new URL(`../../../../test-vectors/${name}`, import.meta.url));
const text = readFileSync(path('scores.json'), 'utf8');
const { epochs }: Vectors = JSON.parse(text);

/** Draws as the seed stream gives them, from its words. */
function drawsOf(words: readonly number[]): Draws {
  const left = [...words];
  return {
    below(n) {
      const limit = 2 ** 32 - (2 ** 32 % n);
      for (;;) {
        const word = left.shift();
        if (word === undefined) throw new RangeError('the words are used up');
        if (word < limit) return word % n;
      }
    },
  };
}

function roundOf({ round, base, earlier, contributions }: RoundVector): ScoredRound {
  return {
    round,
    base: Float32Array.from(base),
    earlier: earlier.map((model) => Float32Array.from(model)),
    contributions: contributions.map(({ node, weight, values }) => ({
      ...{ node: asNodeId(node), weight, values: Float64Array.from(values) },
    })),
  };
}

function gradientOf({ exponent, values }: GradientVector): QuantisedGradient {
  return { exponent, values: Int32Array.from(values) };
}

function evidenceOf({ novel, audit }: RoundVector): RoundEvidence {
  const head = { novel: gradientOf(novel) };
  if (audit === undefined) return head;
  return { ...head, audit: { path: gradientOf(audit.path), losses: audit.losses } };
}

const rounds = epochs.flatMap((epoch) => epoch.rounds);
describe('scores.json', () => {
  it.each(rounds)('round $round: novel part, quantised gradients, φ, similarities', (vector) => {
    const round = roundOf(vector);
    const gradient = Float64Array.from(vector.gradient);
    const novel = quantiseGradient(novelPart(gradient, round));
    expect(novel).toEqual(gradientOf(vector.novel));
    expect(pathScores(round, novel).map(String)).toEqual(vector.phi);
    expect(similarities(round)).toEqual(vector.similar);
  });

  it.each(epochs)(
    'the audit follows from the words of seed $seed',
    ({ words, plan, rounds: list }) => {
      const counts = list.map(({ contributions }) => contributions.length);
      expect(auditPlan(drawsOf(words), counts)).toEqual(plan);
      for (const { index, permutations } of plan) {
        const vector = list[index];
        const verdict = roundScores(roundOf(vector), evidenceOf(vector), permutations);
        const path = quantiseGradient(Float64Array.from(vector.gradient));
        expect(path).toEqual(evidenceOf(vector).audit?.path);
        const shapley = verdict.ok ? verdict.scores.audit?.shapley : undefined;
        expect(shapley?.map(String)).toEqual(vector.audit?.shapley);
      }
    },
  );

  it('the scores of both epochs and what they carry on', async () => {
    let before: readonly AuditTally[] = [];
    for (const epoch of epochs) {
      const list = epoch.rounds.map(roundOf);
      const input = {
        counts: list.map(({ contributions }) => contributions.length),
        load: (index: number) => Promise.resolve(list[index]),
        ...{ draws: drawsOf(epoch.words), before },
      };
      const result = await recomputeEpoch(input, epoch.rounds.map(evidenceOf));
      if (!result.ok) throw new Error(result.reason);
      const scores = result.scores.map(({ sum, multiplierPpm, score, ...rest }) => ({
        ...rest,
        ...{ sum: String(sum), multiplierPpm: String(multiplierPpm), score: String(score) },
      }));
      expect(scores).toEqual(epoch.scores);
      const tallies = result.tallies.map((tally) => ({
        ...{ node: tally.node, path: String(tally.path), shapley: String(tally.shapley) },
      }));
      expect(tallies).toEqual(epoch.tallies);
      before = result.tallies;
    }
    expect(epochs.flatMap(({ scores }) => scores).some((s) => s.duplicateOf !== undefined)).toBe(
      true,
    );
  });
});

it('scores.json is what scores.py writes, where there is a Python', () => {
  const { error, stdout, stderr } = spawnSync('python3', [path('scores.py')], { encoding: 'utf8' });
  expect(error === undefined ? stderr : '').toBe('');
  expect(error === undefined ? stdout : text).toBe(text);
});
