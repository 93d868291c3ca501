import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { manifestOf, SeedStream } from '@tallystick/aggregation';
import { asHash, asNodeId, isTallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import {
  auditPlan,
  evidenceFault,
  measureEpoch,
  type ScoredEpoch,
  type ScoredRound,
  type Validation,
} from '@tallystick/payout';
import type { DataSpec, ModelSpec } from '@tallystick/protocol';
import { featureWidth, modelTensors } from '@tallystick/rounds';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InlineTrainer } from './inline-trainer.js';
import { openValidation, type ValidationSet } from './open-validation.js';
import { ProcessTrainer } from './process-trainer.js';

const TEST_ROWS = 1500;
const DATA: DataSpec = {
  dataset: 'd',
  label: { column: 'y', above: 0 },
  split: { column: 'set', train: 'train', test: 'test' },
  missing: 'drop',
  features: [{ column: 'a' }, { column: 'b' }],
};
const MODEL: ModelSpec = {
  layers: [{ dense: { units: 1, activation: 'linear' } }],
  loss: 'sigmoidCrossEntropy',
  init: 'zeros',
};
const MANIFEST = manifestOf(sha256, modelTensors(MODEL, featureWidth(DATA)));
const WEIGHTS = Float32Array.of(0.5, -1, 0.25);

interface Row {
  readonly a: number;
  readonly b: number;
  readonly y: number;
}

const ROWS: readonly Row[] = Array.from({ length: TEST_ROWS }, (_, i) => {
  const a = Math.fround(Math.sin(1.7 * i));
  const b = Math.fround(Math.cos(2.3 * i));
  return { a, b, y: a + b / 2 > 0.1 ? 1 : 0 };
});

let folder: string;
let set: ValidationSet;
const trainer = new InlineTrainer();

async function written(name: string, text: string): Promise<ValidationSet> {
  const path = join(folder, name);
  await writeFile(path, text);
  const hash = createHash('sha256').update(text).digest('hex');
  return { path, sha256: hash, data: DATA, model: MODEL, manifest: MANIFEST };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tally-validation-'));
  const lines = ROWS.map(({ a, b, y }) => `${y},${a},${b},test`);
  set = await written('v.csv', ['y,a,b,set', '0,0,0,train', ...lines].join('\n'));
});

afterAll(async () => {
  await trainer.close();
  await rm(folder, { recursive: true });
});

/** Logistic regression in plain binary64: another engine. */
const plain: Validation = {
  gradientAt([u, v, bias]) {
    const gradient = new Float64Array(3);
    for (const { a, b, y } of ROWS) {
      const slope = 1 / (1 + Math.exp(-(u * a + v * b + bias))) - y;
      for (const [j, x] of [a, b, 1].entries()) gradient[j] += (slope * x) / TEST_ROWS;
    }
    return Promise.resolve(gradient);
  },
  lossAt([u, v, bias]) {
    const losses = ROWS.map(({ a, b, y }) => {
      const z = u * a + v * b + bias;
      return Math.log1p(Math.exp(z)) - z * y;
    });
    return Promise.resolve(losses.reduce((sum, loss) => sum + loss, 0) / TEST_ROWS);
  },
};

function rounds(): ScoredRound[] {
  return Array.from({ length: 3 }, (_, round) => ({
    round,
    base: WEIGHTS.map((w) => w * (1 + round / 4)),
    contributions: [0, 1, 2].map((node) => ({
      ...{ node: asNodeId(node), weight: 100 + node },
      values: Float64Array.from([2, 3, -node], (x) => Math.round((x / 10) * 2 ** 32)),
    })),
    earlier: round === 0 ? [] : [WEIGHTS],
  }));
}

function epoch(): ScoredEpoch {
  const list = rounds();
  return {
    counts: list.map(({ contributions }) => contributions.length),
    load: (index) => Promise.resolve(list[index]),
    ...{ draws: new SeedStream(sha256, asHash('07'.repeat(32))), before: [] },
  };
}

describe('openValidation', () => {
  it('gives loss and gradient of the test rows, all of them, as plain binary64 has them', async () => {
    const validation = await openValidation(trainer, set);
    const gradient = await validation.gradientAt(WEIGHTS);
    const want = await plain.gradientAt(WEIGHTS);
    for (const [j, g] of gradient.entries()) expect(Math.abs(g - want[j])).toBeLessThan(2e-7);
    expect(await validation.lossAt(WEIGHTS)).toBeCloseTo(await plain.lossAt(WEIGHTS), 6);
    expect(Math.hypot(...want)).toBeGreaterThan(0.1);
  });

  it('gives the same bits in a process of its own', async () => {
    const other = new ProcessTrainer();
    try {
      const here = await openValidation(trainer, set);
      const there = await openValidation(other, set);
      expect(await there.gradientAt(WEIGHTS)).toEqual(await here.gradientAt(WEIGHTS));
      expect(await there.lossAt(WEIGHTS)).toBe(await here.lossAt(WEIGHTS));
    } finally {
      await other.close();
    }
  });

  it('evidence measured here stands up on another engine; a tampered engine is named', async () => {
    const { evidence, scores } = await measureEpoch(epoch(), await openValidation(trainer, set));
    expect(scores.some(({ score }) => score > 0n)).toBe(true);
    const { draws, counts } = epoch();
    const plan = auditPlan(draws, counts);
    const skewed: Validation = {
      ...plain,
      gradientAt: async (w) => (await plain.gradientAt(w)).map((g, j) => (j === 0 ? 1.01 * g : g)),
    };
    for (const [index, round] of rounds().entries()) {
      const permutations = plan.find((audit) => audit.index === index)?.permutations;
      const faultOf = (validation: Validation) =>
        evidenceFault(round, evidence[index], { validation, permutations });
      expect(await faultOf(plain)).toBeUndefined();
      expect(await faultOf(skewed)).toContain('gradient is not that of the validation set');
    }
  });

  it('refuses another file than the spec names, and one without test rows', async () => {
    const codeOf = async (wanted: ValidationSet): Promise<string> => {
      try {
        await (await openValidation(trainer, wanted)).gradientAt(WEIGHTS);
        return 'accepted';
      } catch (error) {
        return isTallyError(error) ? error.code : String(error);
      }
    };
    expect(await codeOf({ ...set, sha256: '0'.repeat(64) })).toBe('DATA_VALIDATION_MISMATCH');
    expect(await codeOf({ ...set, path: join(folder, 'none.csv') })).toBe('DATA_FILE_UNREADABLE');
    expect(await codeOf(await written('t.csv', 'y,a,b,set\n0,0,0,train'))).toBe('DATA_EMPTY');
  });

  it('an overflowing model has an infinite loss', async () => {
    const validation = await openValidation(trainer, set);
    const huge = Float32Array.of(3e38, 3e38, 3e38);
    expect(await validation.lossAt(huge)).toBe(Infinity);
  });

  it('an aborted signal ends what runs', async () => {
    const stop = new AbortController();
    const validation = await openValidation(trainer, set, stop.signal);
    stop.abort(new Error('stopped'));
    await expect(validation.gradientAt(WEIGHTS)).rejects.toThrow('stopped');
  });

  it('the words behind the audits of scores.json are those of the seed stream', async () => {
    const file = fileURLToPath(new URL('../../../test-vectors/scores.json', import.meta.url));
    const vectors: { epochs: { seed: string; words: number[] }[] } = JSON.parse(
      await readFile(file, 'utf8'),
    );
    for (const { seed, words } of vectors.epochs) {
      const stream = new SeedStream(sha256, asHash(seed));
      expect(words.map(() => stream.nextU32())).toEqual(words);
    }
  });
});
