import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manifestOf } from '@tallystick/aggregation';
import { asHash, isTallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { DataSpec, LocalSpec, ModelSpec } from '@tallystick/protocol';
import { featureWidth, modelTensors } from '@tallystick/rounds';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localAccuracy, pooledAccuracy, trainLocalOnly, trainPooled } from './baselines.js';
import { InlineTrainer } from './inline-trainer.js';
import { ProcessTrainer } from './process-trainer.js';
import type { TrainRequest } from './trainer.js';

const DATA: DataSpec = {
  dataset: 'd',
  label: { column: 'y', above: 0 },
  split: { column: 'set', train: 'train', test: 'test' },
  missing: 'drop',
  features: [
    { column: 'a', scale: 'standard' },
    { column: 'c', oneHot: [1, 2] },
  ],
};
const MODEL: ModelSpec = {
  layers: [{ dense: { units: 1, activation: 'linear' } }],
  loss: 'sigmoidCrossEntropy',
  init: 'zeros',
};
const LOCAL: LocalSpec = {
  steps: 40,
  batchSize: 4,
  optimizer: { sgd: { learningRate: 0.1, momentum: 0.5 } },
  proximalMu: 0.01,
};
const MANIFEST = manifestOf(sha256, modelTensors(MODEL, featureWidth(DATA)));
const SEED = asHash('05'.repeat(32));

let folder: string;
let path: string;
const trainer = new InlineTrainer();

/** Rows whose label follows `a`; `shift` moves a whole site. */
function csv(rows: number, shift = 0): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const a = (((i * 37) % 41) - 20) / 4;
    return `${a > 0 ? 1 : 0},${a + shift},${1 + (i % 3)},${i % 4 === 0 ? 'test' : 'train'}`;
  });
  return ['y,a,c,set', ...lines].join('\n');
}

function request(rest: Partial<TrainRequest> = {}): TrainRequest {
  return {
    manifest: MANIFEST,
    weights: new Float32Array(MANIFEST.d),
    datasetPath: path,
    data: DATA,
    model: MODEL,
    local: LOCAL,
    seed: SEED,
    ...rest,
  };
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason,
  );
  return isTallyError(error) ? `${error.code} ${error.message}` : String(error);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tally-training-'));
  path = join(folder, 'site.csv');
  await writeFile(path, csv(60));
});

afterAll(async () => {
  await trainer.close();
  await rm(folder, { recursive: true });
});

describe('InlineTrainer', () => {
  it('trains on the train rows and evaluates on either set', async () => {
    const result = await trainer.train(request({ round: 3 }));
    expect(result.numExamples).toBe(45);
    expect(result.lossBefore).toBeCloseTo(Math.log(2), 6);
    expect(result.lossAfter).toBeLessThan(0.4);
    const { weights } = result;
    const test = await trainer.evaluate({ ...request(), weights, datasetPath: path, set: 'test' });
    expect(test.numExamples).toBe(15);
    expect(test.accuracy).toBeGreaterThan(0.85);
    const train = await trainer.evaluate({
      ...request(),
      weights,
      datasetPath: path,
      set: 'train',
    });
    expect(train).toEqual({
      numExamples: 45,
      loss: result.lossAfter,
      accuracy: expect.any(Number),
    });
  });

  it('gives the bits that a child process gives, for training and evaluation', async () => {
    const child = new ProcessTrainer();
    try {
      const inline = await trainer.train(request());
      expect(await child.train(request())).toEqual(inline);
      const measured = { ...request(), weights: inline.weights, datasetPath: path } as const;
      expect(await child.evaluate({ ...measured, set: 'test' })).toEqual(
        await trainer.evaluate({ ...measured, set: 'test' }),
      );
      expect(await child.train(request({ seed: asHash('06'.repeat(32)) }))).not.toEqual(inline);
    } finally {
      await child.close();
    }
  });

  it('reads a file again once it changed', async () => {
    const moving = join(folder, 'moving.csv');
    await cp(path, moving);
    const before = await trainer.train(request({ datasetPath: moving }));
    expect(await trainer.train(request({ datasetPath: moving }))).toEqual(before);
    await writeFile(moving, csv(60).replace(/^1,4.25,/m, '1,4.75,'));
    const after = await trainer.train(request({ datasetPath: moving }));
    expect(after.numExamples).toBe(before.numExamples);
    expect(after.weights).not.toEqual(before.weights);
  });

  it('refuses a model that is not the declared one', async () => {
    const other = manifestOf(sha256, modelTensors(MODEL, 7));
    expect(await refusal(trainer.train(request({ manifest: other })))).toContain(
      'MODEL_MALFORMED the model file is not valid: it holds dense0.kernel [7, 1]',
    );
    const short = request({ weights: new Float32Array(3) });
    expect(await refusal(trainer.train(short))).toContain('it has 3 parameters, its manifest 4');
  });

  it('refuses a missing file, a missing column and an empty test set, and works afterwards', async () => {
    const nowhere = request({ datasetPath: join(folder, 'none.csv') });
    expect(await refusal(trainer.train(nowhere))).toContain('DATA_FILE_UNREADABLE');
    const missing: DataSpec = { ...DATA, label: { column: 'sick', above: 0 } };
    expect(await refusal(trainer.train(request({ data: missing })))).toContain(
      'has no column sick (it has: y, a, c, set)',
    );
    const only = join(folder, 'only-train.csv');
    await writeFile(only, csv(60).replaceAll(',test', ','));
    const evaluation = { ...request(), datasetPath: only, set: 'test' } as const;
    expect(await refusal(trainer.evaluate(evaluation))).toContain('has no usable test rows');
    const binary = join(folder, 'binary.csv');
    await writeFile(binary, Buffer.from([0x79, 0x2c, 0xff, 0xfe, 0x0a]));
    expect(await refusal(trainer.train(request({ datasetPath: binary })))).toContain(
      'DATA_FILE_UNREADABLE',
    );
    expect((await trainer.train(request())).numExamples).toBe(45);
  });

  it('passes an abort on, also to one that waits', async () => {
    const reason = new Error('the round is over');
    const controller = new AbortController();
    const long = request({ local: { ...LOCAL, steps: 5_000_000 }, signal: controller.signal });
    const running = trainer.train(long);
    const waiting = trainer.train(request({ signal: controller.signal }));
    setImmediate(() => controller.abort(reason));
    await expect(running).rejects.toBe(reason);
    await expect(waiting).rejects.toBe(reason);
    expect((await trainer.train(request())).numExamples).toBe(45);
  });

  it('ends what runs when it is closed', async () => {
    const short = new InlineTrainer();
    const running = short.train(request({ local: { ...LOCAL, steps: 5_000_000 } }));
    const ended = refusal(running);
    await new Promise((resolve) => setImmediate(resolve));
    await short.close();
    await short.close();
    expect(await ended).toContain('it was closed');
    expect(await refusal(short.train(request()))).toContain('it was closed');
  });
});

describe('baselines', () => {
  const job = {
    manifest: MANIFEST,
    weights: new Float32Array(MANIFEST.d),
    data: DATA,
    model: MODEL,
    local: LOCAL,
    rounds: 3,
    seed: SEED,
  };

  it('local only is one long training without a proximal term', async () => {
    const alone = await trainLocalOnly(trainer, { ...job, datasetPath: path });
    const local = { ...LOCAL, steps: 120, proximalMu: 0 };
    expect(alone).toEqual(await trainer.train(request({ local })));
    expect(await localAccuracy(trainer, { ...job, datasetPath: path })).toBeGreaterThan(0.85);
  });

  it('pooled takes the steps of all sites over all rows, each site by its own statistics', async () => {
    const shifted = join(folder, 'shifted.csv');
    await writeFile(shifted, csv(60, 1000));
    const datasetPaths = [path, shifted];
    const pooled = await trainPooled(trainer, { ...job, datasetPaths });
    expect(pooled.numExamples).toBe(90);
    const local = { ...LOCAL, steps: 240, proximalMu: 0 };
    const twice = await trainer.train(request({ local, datasetPath: [path, path] }));
    // A site whose values are all 1,000 higher looks the same once it is standardised by itself.
    expect(pooled.lossAfter).toBeCloseTo(twice.lossAfter, 4);
    expect(await pooledAccuracy(trainer, { ...job, datasetPaths })).toBeGreaterThan(0.85);
  });

  it('stretches epochs by rounds alone: pooled data are more batches already', async () => {
    const local: LocalSpec = {
      epochs: 2,
      batchSize: 4,
      optimizer: LOCAL.optimizer,
      proximalMu: 0,
    };
    const datasetPaths = [path, path];
    const pooled = await trainPooled(trainer, { ...job, local, datasetPaths });
    const want = await trainer.train(
      request({ local: { ...local, epochs: 6 }, datasetPath: datasetPaths }),
    );
    expect(pooled).toEqual(want);
  });
});
