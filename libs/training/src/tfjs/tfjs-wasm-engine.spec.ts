import { type Manifest, manifestOf } from '@tallystick/aggregation';
import { asHash, isTallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { LocalSpec, ModelSpec } from '@tallystick/protocol';
import { modelTensors } from '@tallystick/rounds';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Examples } from '../data/dataset.js';
import type { FitJob } from '../engine.js';
import { TfjsWasmEngine } from './tfjs-wasm-engine.js';

const SEED = asHash('07'.repeat(32));
let engine: TfjsWasmEngine;

beforeAll(async () => {
  engine = await TfjsWasmEngine.start(sha256);
});

function local(
  learningRate: number,
  rest: Partial<LocalSpec> & { momentum?: number } = {},
): LocalSpec {
  const { momentum = 0, ...spec } = rest;
  return {
    batchSize: 2,
    steps: 10,
    optimizer: { sgd: { learningRate, momentum } },
    proximalMu: 0,
    ...spec,
  };
}

function job(
  model: ModelSpec,
  inputs: number,
  rest: Omit<FitJob, 'model' | 'manifest' | 'seed'>,
): FitJob {
  return { model, manifest: manifestOf(sha256, modelTensors(model, inputs)), seed: SEED, ...rest };
}

const LINE: ModelSpec = {
  layers: [{ dense: { units: 1, activation: 'linear' } }],
  loss: 'meanSquaredError',
  init: 'zeros',
};

/** Two mirrored rows make the mean squared error a/2·(w − b)² in the kernel w, and leave the bias at 0. */
function quadratic(a: number, b: number): Examples {
  const c = Math.sqrt(a / 2);
  return { x: Float32Array.of(c, -c), y: Float32Array.of(c * b, -c * b), rows: 2 };
}

describe('fixed points of two quadratic clients, a = (1, 10), b = (0, 1), η = .05, 10 full steps', () => {
  const clients = [quadratic(1, 0), quadratic(10, 1)];

  async function fixedPoint(proximalMu: number): Promise<number> {
    let w = 0;
    for (let round = 0; round < 120; round++) {
      let sum = 0;
      for (const examples of clients) {
        const weights = Float32Array.of(w, 0);
        const request = { weights, examples, local: local(0.05, { proximalMu }) };
        const fitted = await engine.fit(job(LINE, 1, request));
        expect(fitted.weights[1]).toBeCloseTo(0, 9);
        sum += fitted.weights[0];
      }
      w = Math.fround(sum / clients.length);
    }
    return w;
  }

  it.each([
    ['FedAvg', 0, 0.7134421696847],
    ['FedProx μ = .1', 0.1, 0.7157983330102],
    ['FedProx μ = 1', 1, 0.7361878941429],
    ['FedProx μ = 10', 10, 0.8461981747385],
  ])('%s', async (_, mu, want) => {
    expect(Math.abs((await fixedPoint(mu)) - want)).toBeLessThan(1e-6);
  });
});

describe('drift', () => {
  it('is added to every gradient', async () => {
    const [a, b, eta] = [2, 3, 0.05];
    const drift = Float32Array.of(0.7, -0.2);
    let w = [0.5, 0.1];
    // Mirrored rows: the bias has the gradient 2·(bias), and neither weight sees the other.
    for (let step = 0; step < 25; step++) {
      w = [w[0] - eta * (a * (w[0] - b) + drift[0]), w[1] - eta * (2 * w[1] + drift[1])];
    }
    const request = {
      weights: Float32Array.of(0.5, 0.1),
      examples: quadratic(a, b),
      local: local(eta, { steps: 25 }),
    };
    const before = drift.slice();
    const fitted = await engine.fit(job(LINE, 1, { ...request, drift }));
    expect(Math.abs(fitted.weights[0] - w[0])).toBeLessThan(1e-5);
    expect(Math.abs(fitted.weights[1] - w[1])).toBeLessThan(1e-5);
    expect(drift).toEqual(before);
    const without = await engine.fit(job(LINE, 1, request));
    expect(Math.abs(without.weights[0] - w[0])).toBeGreaterThan(1e-2);
  });

  it('of zeros changes no bit, and leaves no tensor behind', async () => {
    const request = {
      weights: Float32Array.of(0.5, 0.1),
      examples: quadratic(2, 3),
      local: local(0.05, { steps: 5 }),
    };
    const plain = await engine.fit(job(LINE, 1, request));
    const held = tf.memory().numTensors;
    const drift = new Float32Array(2);
    expect(await engine.fit(job(LINE, 1, { ...request, drift }))).toEqual(plain);
    expect(tf.memory().numTensors).toBe(held);
  });
});

describe('momentum', () => {
  it('follows v = m·v + g, w = w − η·v', async () => {
    const [a, b, eta, m] = [2, 3, 0.05, 0.9];
    let [w, v] = [0.5, 0];
    for (let step = 0; step < 25; step++) {
      v = m * v + a * (w - b);
      w -= eta * v;
    }
    const request = {
      weights: Float32Array.of(0.5, 0),
      examples: quadratic(a, b),
      local: local(eta, { momentum: m, steps: 25 }),
    };
    const fitted = await engine.fit(job(LINE, 1, request));
    expect(Math.abs(fitted.weights[0] - w)).toBeLessThan(1e-5);
    const plain = await engine.fit(job(LINE, 1, { ...request, local: local(eta, { steps: 25 }) }));
    expect(Math.abs(plain.weights[0] - w)).toBeGreaterThan(1e-2);
  });
});

const MLP: ModelSpec = {
  layers: [
    { dense: { units: 5, activation: 'tanh' } },
    { dense: { units: 3, activation: 'linear' } },
  ],
  loss: 'softmaxCrossEntropy',
  init: 'zeros',
};

/** Scattered numbers in ±1, made by operations that are exact everywhere. */
function pattern(i: number): number {
  return (((i * 7919) % 201) - 100) / 100;
}

function blobs(rows: number): Examples {
  const y = Float32Array.from({ length: rows }, (_, row) => row % 3);
  const x = Float32Array.from(
    { length: rows * 4 },
    (_, i) => pattern(i) + (i % 4 === Math.floor(i / 4) % 3 ? 2 : 0),
  );
  return { x, y, rows };
}

function start(manifest: Manifest): Float32Array {
  return Float32Array.from({ length: manifest.d }, (_, i) => 0.3 * pattern(i + 1));
}

describe('TfjsWasmEngine', () => {
  const manifest = manifestOf(sha256, modelTensors(MLP, 4));
  const request = {
    weights: start(manifest),
    examples: blobs(31),
    local: local(0.1, { steps: 60, batchSize: 4, momentum: 0.5 }),
  };

  it('same job, same bits; another seed, other bits', async () => {
    const first = await engine.fit(job(MLP, 4, request));
    expect(await engine.fit(job(MLP, 4, request))).toEqual(first);
    const other = { ...job(MLP, 4, request), seed: asHash('08'.repeat(32)) };
    expect((await engine.fit(other)).weights).not.toEqual(first.weights);
  });

  it('gives these bits on every machine', async () => {
    const { weights } = await engine.fit(job(MLP, 4, request));
    expect(sha256(new Uint8Array(weights.buffer))).toBe(
      '4c49989f1578c2e8f476e99797116c252276a3b2394d4087fb5c1b051e8a5a70',
    );
  });

  it('learns, and leaves the given weights alone', async () => {
    const before = request.weights.slice();
    const { weights, lossBefore, lossAfter } = await engine.fit(job(MLP, 4, request));
    expect(lossAfter).toBeLessThan(lossBefore / 2);
    expect(request.weights).toEqual(before);
    const { model, examples } = job(MLP, 4, request);
    const after = await engine.evaluate({ model, manifest, weights, examples });
    expect(after).toEqual({ numExamples: 31, loss: lossAfter, accuracy: expect.any(Number) });
    expect(after.accuracy).toBeGreaterThan(0.9);
  });

  it('one epoch is as many steps as there are batches', async () => {
    const byEpochs: LocalSpec = { ...local(0.1, { batchSize: 4 }), epochs: 3 };
    delete byEpochs.steps;
    const epochs = await engine.fit(job(MLP, 4, { ...request, local: byEpochs }));
    const steps = local(0.1, { batchSize: 4, steps: 24 });
    expect(await engine.fit(job(MLP, 4, { ...request, local: steps }))).toEqual(epochs);
  });

  it('a step is taken with every row of a batch larger than the data', async () => {
    const wide = { ...request, local: local(0.1, { batchSize: 1000, steps: 2 }) };
    expect((await engine.fit(job(MLP, 4, wide))).lossAfter).toBeGreaterThan(0);
  });

  it('names the tensor that diverged', async () => {
    const wild = {
      weights: Float32Array.of(0, 0),
      examples: quadratic(10, 1),
      local: local(5, { steps: 100 }),
    };
    const failure = await engine.fit(job(LINE, 1, wild)).catch((error: unknown) => error);
    expect(isTallyError(failure, 'ENGINE_DIVERGED')).toBe(true);
    expect(String(failure)).toContain('training diverged: dense0.kernel holds');
  });

  it('stops on an abort with the reason given, and frees its tensors', async () => {
    const before = tf.memory().numTensors;
    const reason = new Error('the round is over');
    const long = {
      ...request,
      local: local(0.01, { steps: 10_000_000, proximalMu: 1, momentum: 0.9 }),
    };
    await expect(engine.fit(job(MLP, 4, long), AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    setImmediate(() => controller.abort(reason));
    await expect(engine.fit(job(MLP, 4, long), controller.signal)).rejects.toBe(reason);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('measures more rows than fit one piece as if they were one', async () => {
    const examples = blobs(3000);
    const { model, weights } = job(MLP, 4, request);
    const whole = await engine.evaluate({ model, manifest, weights, examples });
    let loss = 0;
    for (let row = 0; row < 3000; row++) {
      const one = {
        x: examples.x.subarray(4 * row, 4 * row + 4),
        y: examples.y.subarray(row, row + 1),
        rows: 1,
      };
      loss += (await engine.evaluate({ model, manifest, weights, examples: one })).loss;
    }
    expect(whole.loss).toBeCloseTo(loss / 3000, 6);
    expect(whole.numExamples).toBe(3000);
  });
});

describe('the wasm binary', () => {
  it('is the SIMD build whose bits were compared', async () => {
    const { createRequire } = await import('node:module');
    const { readFile } = await import('node:fs/promises');
    const require = createRequire(import.meta.url);
    const entry = require.resolve('@tensorflow/tfjs-backend-wasm');
    const bytes = await readFile(entry.replace(/[^/]*$/, 'tfjs-backend-wasm-simd.wasm'));
    expect(sha256(bytes)).toBe('77ebb28a6d34f371dbbf2086b7f2de8994acd8ea5a3cf1fa24d2c26c840cac7b');
  });
});
