import { asHash, asNodeId } from '@tallystick/kernel';
import { SeededRandom } from '@tallystick/kernel/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { auditPlan, type Draws } from './audit-plan.js';
import { evidenceFault, type RoundEvidence } from './round-evidence.js';
import {
  type MeasuredEpoch,
  measureEpoch,
  recomputeEpoch,
  type ScoredEpoch,
} from './score-epoch.js';
import { decodeSheet, encodeSheet, type ScoreSheet } from './score-sheet.js';
import type { ScoredRound } from './scored-round.js';
import { nanoLoss, type Validation } from './validation.js';

const D = 12;
const NODES = 4;

function draws(seed: number = 1): Draws {
  const random = new SeededRandom(seed);
  return { below: (n) => random.between(0, n - 1) };
}

function rounds(): ScoredRound[] {
  const random = new SeededRandom(8);
  const models = Array.from({ length: 6 }, () =>
    Float32Array.from({ length: D }, () => 2 * random.unit() - 1),
  );
  return Array.from({ length: 5 }, (_, round) => ({
    round: 10 + round,
    base: models[5 - round],
    contributions: Array.from({ length: NODES }, (_, i) => ({
      node: asNodeId(2 * i + 1),
      weight: 10 + i,
      values: Float64Array.from({ length: D }, () => Math.round((random.unit() - 0.3) * 2 ** 31)),
    })),
    earlier: models.slice(6 - round),
  }));
}

function epochOf(list: readonly ScoredRound[] = rounds(), seed?: number): ScoredEpoch {
  return {
    counts: list.map(({ contributions }) => contributions.length),
    load: (index) => Promise.resolve(list[index]),
    draws: draws(seed),
    before: [{ node: asNodeId(3), path: 5_000_000n, shapley: 1_000_000n }],
  };
}

/** Σ (w − 1)⁴ ÷ 4, in binary64 or as an engine of float32 would have it. */
function quartic(round: (x: number) => number = (x) => x): Validation {
  return {
    gradientAt: (w) => Promise.resolve(Float64Array.from(w, (x) => round((x - 1) ** 3))),
    lossAt: (w) => Promise.resolve(round(w.reduce((sum, x) => sum + (x - 1) ** 4 / 4, 0))),
  };
}

let measured: MeasuredEpoch;

beforeAll(async () => {
  measured = await measureEpoch(epochOf(), quartic());
});

function withRound(
  index: number,
  change: (evidence: RoundEvidence) => RoundEvidence,
): RoundEvidence[] {
  return measured.evidence.map((each, i) => (i === index ? change(each) : each));
}

const audited = (): number => measured.evidence.findIndex(({ audit }) => audit !== undefined);

describe('an epoch', () => {
  it('is recomputed to the unit from its evidence, without the validation set', async () => {
    const { scores, tallies } = measured;
    expect(scores.map(({ node }) => node)).toEqual([1, 3, 5, 7]);
    expect(scores.some(({ score }) => score > 0n)).toBe(true);
    expect(measured.evidence.filter(({ audit }) => audit !== undefined)).toHaveLength(1);
    expect(await recomputeEpoch(epochOf(), measured.evidence)).toEqual({
      ok: true,
      scores,
      tallies,
    });
  });

  it('another update, weight, history, tally, gradient or loss gives other scores', async () => {
    const at = audited();
    const changed = (change: (round: ScoredRound) => ScoredRound): ScoredEpoch =>
      epochOf(rounds().map((round, i) => (i === at ? change(round) : round)));
    const first = (change: { weight?: number; values?: Float64Array }) => (round: ScoredRound) => ({
      ...round,
      contributions: round.contributions.map((c, i) => (i === 0 ? { ...c, ...change } : c)),
    });
    const shifted = (values: Int32Array): Int32Array => values.map((q, j) => (j === 0 ? q / 2 : q));
    const variants: [ScoredEpoch, readonly RoundEvidence[]][] = [
      [changed(first({ weight: 99 })), measured.evidence],
      [changed(first({ values: new Float64Array(D) })), measured.evidence],
      [{ ...epochOf(), before: [] }, measured.evidence],
      [
        epochOf(),
        withRound(at, (e) => ({ ...e, novel: { ...e.novel, values: shifted(e.novel.values) } })),
      ],
      [
        epochOf(),
        withRound(at, (e) => ({
          ...e,
          ...(e.audit && {
            audit: { ...e.audit, losses: e.audit.losses.map((x, i) => (i === 2 ? x + 99_000 : x)) },
          }),
        })),
      ],
    ];
    const { scores, tallies } = measured;
    for (const [epoch, evidence] of variants) {
      expect(await recomputeEpoch(epoch, evidence)).not.toEqual({ ok: true, scores, tallies });
    }
  });

  it('names the round whose evidence does not stand up', async () => {
    const at = audited();
    const other = at === 0 ? 1 : 0;
    const reasonOf = async (evidence: readonly RoundEvidence[]): Promise<string> => {
      const result = await recomputeEpoch(epochOf(), evidence);
      return result.ok ? 'accepted' : result.reason;
    };
    const losses = measured.evidence[at].audit?.losses ?? [];
    const withLosses = (list: readonly number[]) =>
      withRound(at, (e) => ({ ...e, ...(e.audit && { audit: { ...e.audit, losses: list } }) }));
    expect(await reasonOf(withLosses(losses.slice(1)))).toContain(`round ${10 + at} has`);
    expect(await reasonOf(withLosses(losses.slice(0, -1)))).toBe(
      `round ${10 + at} has fewer losses than its audit asks for`,
    );
    expect(await reasonOf(withLosses([...losses, 1]))).toBe(
      `round ${10 + at} has more losses than its audit asks for`,
    );
    for (const loss of [1e14, 0.5]) {
      expect(await reasonOf(withLosses(losses.with(1, loss)))).toBe(
        `round ${10 + at} has a loss that is out of range`,
      );
    }
    expect(await reasonOf(withRound(at, ({ novel }) => ({ novel })))).toBe(
      `round ${10 + at} lacks the evidence of an audit`,
    );
    expect(await reasonOf(withRound(other, (e) => ({ ...e, ...measured.evidence[at] })))).toBe(
      `round ${10 + other} has the evidence of an audit`,
    );
    const short = { exponent: 0, values: new Int32Array(D - 1) };
    expect(await reasonOf(withRound(other, () => ({ novel: short })))).toBe(
      `round ${10 + other} has a gradient that is not of ${D} values`,
    );
    expect(await reasonOf(measured.evidence.slice(1))).toBe(
      'there is evidence of 4 rounds, of 5 it must be',
    );
  });

  it('another seed audits other rounds or orders', async () => {
    const { scores, tallies } = measured;
    const others = await Promise.all(
      [2, 3, 4, 5].map((seed) => recomputeEpoch(epochOf(rounds(), seed), measured.evidence)),
    );
    for (const other of others) expect(other).not.toEqual({ ok: true, scores, tallies });
  });

  it('refuses at the door what its loader mixes up', async () => {
    const refused = async (change: (round: ScoredRound) => ScoredRound): Promise<unknown> => {
      const list = rounds();
      const changed = { ...epochOf(list), load: () => Promise.resolve(change(list[0])) };
      return recomputeEpoch(changed, measured.evidence).catch((error: unknown) => error);
    };
    const { contributions } = rounds()[0];
    for (const change of [
      { contributions: contributions.slice(1) },
      { contributions: contributions.toReversed() },
      { base: new Float32Array(D + 1) },
      { earlier: [new Float32Array(D - 1)] },
    ]) {
      expect(await refused((round) => ({ ...round, ...change }))).toBeInstanceOf(RangeError);
    }
  });
});

describe('evidenceFault (V11)', () => {
  const at = (): {
    round: ScoredRound;
    evidence: RoundEvidence;
    permutations: readonly number[][];
  } => {
    const index = audited();
    const [plan] = auditPlan(draws(), epochOf().counts);
    expect(plan.index).toBe(index);
    const permutations = plan.permutations.map((order) => [...order]);
    return { round: rounds()[index], evidence: measured.evidence[index], permutations };
  };

  it('another engine agrees, one that errs by a hundredth does not', async () => {
    const { round, evidence, permutations } = at();
    const by = (validation: Validation) =>
      evidenceFault(round, evidence, { validation, permutations });
    expect(await by(quartic())).toBeUndefined();
    expect(await by(quartic(Math.fround))).toBeUndefined();
    expect(await by(quartic((x) => 1.01 * x))).toContain('novel gradient');
    const wrongLoss = { ...quartic(), lossAt: quartic((x) => 1.01 * x).lossAt };
    expect(await by(wrongLoss)).toContain('published loss 0');
  });

  it('a shifted gradient or loss is named', async () => {
    const { round, evidence, permutations } = at();
    const { audit } = evidence;
    if (audit === undefined) throw new Error('not audited');
    const faultOf = (change: Partial<RoundEvidence>) =>
      evidenceFault(round, { ...evidence, ...change }, { validation: quartic(), permutations });
    const halved = { ...audit.path, exponent: audit.path.exponent + 1 };
    expect(await faultOf({ audit: { ...audit, path: halved } })).toContain('path gradient');
    expect(await faultOf({ novel: halved })).toContain('novel gradient');
    const losses = audit.losses.with(1, audit.losses[1] * 1.002 + 2000);
    expect(await faultOf({ audit: { ...audit, losses } })).toContain('published loss 1 is');
    expect(await faultOf({ audit: { ...audit, losses: audit.losses.slice(0, -1) } })).toContain(
      'end early',
    );
    expect(await faultOf({ audit: { ...audit, losses: [...audit.losses, 1] } })).toContain(
      'asked for',
    );
  });
});

describe('the score sheet', () => {
  const sheet = (): ScoreSheet => ({
    ...{ epoch: 2, seed: asHash('5e'.repeat(32)) },
    rounds: measured.evidence.map(({ audit }, i) => ({
      ...{ round: 10 + i, novel: asHash('01'.repeat(32)) },
      ...(audit && { audit: { path: asHash('02'.repeat(32)), losses: audit.losses } }),
    })),
    ...{ scores: measured.scores, tallies: measured.tallies },
  });

  it('is read as it was written', () => {
    expect(decodeSheet(encodeSheet(sheet()))).toEqual(sheet());
    const copied = sheet().scores.map((score) => ({ ...score, duplicateOf: asNodeId(0) }));
    const copies = { ...sheet(), scores: copied };
    expect(decodeSheet(encodeSheet(copies))).toEqual(copies);
  });

  it('and in no other form', () => {
    const text = encodeSheet(sheet());
    const wrong = [
      '',
      'null',
      '[]',
      '{}',
      ` ${text}`,
      text.replace('"epoch":2', '"epoch":2.5'),
      text.replace('"epoch":2', '"epoch":"2"'),
      text.replace('"epoch":2', '"epoch":2,"extra":1'),
      text.replace('"score":"', '"score":"0'),
      text.replace('"score":"', '"score":"x'),
      text.replace('"node":1', '"node":-1'),
      text.replace('5e5e', '5E5e'),
      text.slice(0, -1),
    ];
    for (const each of wrong) expect(decodeSheet(each)).toBeUndefined();
  });
});

it('losses saturate: an overflowing subset is worth the worst', () => {
  expect([0.5, Infinity, Number.NaN, 1e9, -1e9].map(nanoLoss)).toEqual([
    5e8, 1e13, 1e13, 1e13, -1e13,
  ]);
});
