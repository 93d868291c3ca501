import { encodeModel, manifestOf } from '@tallystick/aggregation';
import { updateOf } from '@tallystick/aggregation/testing';
import { MemoryBlobStore } from '@tallystick/blobs';
import { asHash, asNodeId, type Hash } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { auditSeed, type ScoreSheet, type Validation } from '@tallystick/payout';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RoundFiles, ScoringDeps } from './load-scored-round.js';
import {
  type EpochFiles,
  measurementFault,
  scoreContributions,
  sheetFault,
} from './score-contributions.js';

const MANIFEST = manifestOf(sha256, [{ name: 'a', shape: [12] }]);
const OTHER_HASH = asHash('0d'.repeat(32));

/** Σ (w − 1)² ÷ 2. */
function bowl(factor: number = 1): Validation {
  return {
    gradientAt: (w) => Promise.resolve(Float64Array.from(w, (x) => factor * (x - 1))),
    lossAt: (w) => Promise.resolve(factor * w.reduce((sum, x) => sum + (x - 1) ** 2 / 2, 0)),
  };
}

const blobs = new MemoryBlobStore();
const deps: ScoringDeps & { readonly blobs: MemoryBlobStore } = {
  ...{ blobs, sha256, manifest: MANIFEST, rules: { form: { codec: 'i32' as const } } },
};
let files: EpochFiles;
let sheet: ScoreSheet;

async function model(round: number): Promise<Hash> {
  const weights = Float32Array.from({ length: MANIFEST.d }, (_, j) => Math.sin(j + 5 * round));
  return blobs.put(encodeModel(MANIFEST, weights));
}

async function roundOf(round: number): Promise<RoundFiles> {
  const contributions = [];
  for (const node of [2, 5, 6]) {
    const values = Array.from({ length: MANIFEST.d }, (_, j) => {
      return Math.round((0.3 + Math.cos(node * j + round)) * 2 ** 28);
    });
    const update = await blobs.put(updateOf(MANIFEST, values));
    contributions.push({ node: asNodeId(node), weight: BigInt(100 + node), update });
  }
  const earlier = await Promise.all([1, 2].map((back) => model(round - back)));
  return { round, model: await model(round), earlier, contributions };
}

beforeAll(async () => {
  const rounds = [];
  for (const round of [10, 11, 13]) rounds.push(await roundOf(round));
  const seed = auditSeed(sha256, { lastHeader: OTHER_HASH, block: OTHER_HASH });
  const before = [{ node: asNodeId(5), path: 9_000_000n, shapley: 8_000_000n }];
  files = { epoch: 2, seed, rounds, before };
  sheet = await scoreContributions(files, bowl(), deps);
});

describe('a score sheet', () => {
  it('names rounds, gradient files and nodes; is recomputed to the unit and measured again', async () => {
    expect(sheet.rounds.map(({ round }) => round)).toEqual([10, 11, 13]);
    expect(sheet.rounds.filter(({ audit }) => audit !== undefined)).toHaveLength(1);
    expect(sheet.scores.map(({ node }) => node)).toEqual([2, 5, 6]);
    expect(sheet.scores.some(({ score }) => score > 0n)).toBe(true);
    for (const { novel } of sheet.rounds) expect(await blobs.has(novel)).toBe(true);
    expect(await sheetFault(files, sheet, deps)).toBeUndefined();
    expect(
      await measurementFault(files, sheet, { ...deps, validation: bowl(1.0005) }),
    ).toBeUndefined();
  });

  it('another engine, data or model is not agreed with', async () => {
    const wrong = await measurementFault(files, sheet, { ...deps, validation: bowl(1.01) });
    expect(wrong).toBe('round 10: the published novel gradient is not that of the validation set');
  });

  it('whatever is changed in it, or in what it rests on, is found', async () => {
    const [first, ...rest] = sheet.scores;
    const [round, ...others] = sheet.rounds;
    if (first === undefined || round === undefined) throw new Error('an empty sheet');
    const richer = { ...first, score: first.score + 1n };
    const sheets: ScoreSheet[] = [
      { ...sheet, epoch: 3 },
      { ...sheet, scores: [richer, ...rest] },
      { ...sheet, tallies: [] },
      { ...sheet, rounds: others },
      { ...sheet, seed: OTHER_HASH },
      { ...sheet, rounds: [{ ...round, novel: others[0]?.novel ?? OTHER_HASH }, ...others] },
      { ...sheet, rounds: [{ ...round, novel: files.rounds[0]?.model ?? OTHER_HASH }, ...others] },
    ];
    for (const changed of sheets)
      expect(await sheetFault(files, changed, deps)).toBeTypeOf('string');
    const heavier = files.rounds.map((each) => ({
      ...each,
      contributions: each.contributions.map((c, i) => ({
        ...c,
        weight: i === 0 ? 900n : c.weight,
      })),
    }));
    expect(await sheetFault({ ...files, rounds: heavier }, sheet, deps)).toBeTypeOf('string');
    expect(await sheetFault({ ...files, before: [] }, sheet, deps)).toBeTypeOf('string');
  });

  it('the seed of its audits binds header and block', () => {
    const other = asHash('0e'.repeat(32));
    const seeds = [
      auditSeed(sha256, { lastHeader: OTHER_HASH, block: OTHER_HASH }),
      auditSeed(sha256, { lastHeader: other, block: OTHER_HASH }),
      auditSeed(sha256, { lastHeader: OTHER_HASH, block: other }),
    ];
    expect(new Set(seeds).size).toBe(3);
    expect(seeds[0]).toBe(files.seed);
  });
});
