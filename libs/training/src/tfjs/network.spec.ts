import type { ModelSpec } from '@tallystick/protocol';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { Network } from './network.js';
import { startBackend } from './start-backend.js';

type Loss = ModelSpec['loss'];
type Activation = ModelSpec['layers'][number]['dense']['activation'];
type Matrix = readonly (readonly number[])[];

interface Weights {
  readonly kernel: Matrix;
  readonly bias: readonly number[];
}

/** Numbers in ±1 that float32 holds exactly. */
function numbers(count: number, from: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.fround(Math.sin(1.7 * (from + i) + 0.3)));
}

function matrix(rows: number, columns: number, from: number): Matrix {
  const flat = numbers(rows * columns, from);
  return Array.from({ length: rows }, (_, r) => flat.slice(r * columns, (r + 1) * columns));
}

const ACTIVATE: Record<Activation, (z: number) => number> = {
  linear: (z) => z,
  relu: (z) => Math.max(z, 0),
  tanh: Math.tanh,
  sigmoid: (z) => 1 / (1 + Math.exp(-z)),
};

function logitsOf(weights: readonly Weights[], hidden: Activation, x: readonly number[]): number[] {
  return weights.reduce<readonly number[]>((input, { kernel, bias }, at) => {
    const activate = ACTIVATE[at === weights.length - 1 ? 'linear' : hidden];
    return bias.map((b, unit) =>
      activate(input.reduce((sum, value, i) => sum + value * kernel[i][unit], b)),
    );
  }, x) as number[];
}

const ROW_LOSS: Record<Loss, (z: readonly number[], y: number) => number> = {
  sigmoidCrossEntropy: ([z], y) => Math.log1p(Math.exp(z)) - z * y,
  softmaxCrossEntropy: (z, y) =>
    Math.log(z.reduce((sum, value) => sum + Math.exp(value), 0)) - z[y],
  meanSquaredError: ([z], y) => (z - y) ** 2,
};

/** The mean loss in binary64, the naive way; its central differences are the reference gradient. */
function meanLoss(weights: readonly Weights[], model: ModelSpec, x: Matrix, y: readonly number[]) {
  const hidden = model.layers[0].dense.activation;
  const losses = x.map((row, r) => ROW_LOSS[model.loss](logitsOf(weights, hidden, row), y[r]));
  return losses.reduce((sum, value) => sum + value, 0) / x.length;
}

function differences(
  weights: readonly Weights[],
  loss: (changed: readonly Weights[]) => number,
): number[] {
  const STEP = 1e-5;
  const slope = (change: (delta: number) => readonly Weights[]): number =>
    (loss(change(STEP)) - loss(change(-STEP))) / (2 * STEP);
  return weights.flatMap((layer, l) => {
    const put = (next: Weights): Weights[] => weights.map((w, i) => (i === l ? next : w));
    const kernel = layer.kernel.flatMap((row, r) =>
      row.map((_, c) =>
        slope((d) =>
          put({
            ...layer,
            kernel: layer.kernel.map((k, i) => k.map((v, j) => (i === r && j === c ? v + d : v))),
          }),
        ),
      ),
    );
    const bias = layer.bias.map((_, b) =>
      slope((d) => put({ ...layer, bias: layer.bias.map((v, i) => (i === b ? v + d : v)) })),
    );
    return [...kernel, ...bias];
  });
}

function spec(loss: Loss, units: readonly number[], hidden: Activation): ModelSpec {
  const layers = units.map((n, i) => ({
    dense: { units: n, activation: i === units.length - 1 ? ('linear' as const) : hidden },
  }));
  return { layers, loss, init: 'zeros' };
}

function build(inputs: number, units: readonly number[]): Weights[] {
  return units.map((n, i) => {
    const width = i === 0 ? inputs : units[i - 1];
    return { kernel: matrix(width, n, 100 * i), bias: numbers(n, 100 * i + 50) };
  });
}

function tensorsOf(weights: readonly Weights[]): tf.Tensor[] {
  return weights.flatMap(({ kernel, bias }) => [
    tf.tensor2d(kernel.map((row) => [...row])),
    tf.tensor1d([...bias]),
  ]);
}

function gradientOf(model: ModelSpec, weights: readonly Weights[], x: Matrix, y: number[]) {
  return tf.tidy(() =>
    new Network(model)
      .gradients(tensorsOf(weights), tf.tensor2d(x.map((row) => [...row])), tf.tensor1d(y))
      .flatMap((gradient) => [...gradient.dataSync()]),
  );
}

function worst(got: readonly number[], want: readonly number[]): number {
  expect(got).toHaveLength(want.length);
  return Math.max(...got.map((value, i) => Math.abs(value - want[i])));
}

beforeAll(startBackend);

describe('Network', () => {
  const x = matrix(7, 5, 1000);
  const cases: [Loss, number[], Activation, number[]][] = [
    ['sigmoidCrossEntropy', [1], 'linear', [0, 1, 1, 0, 1, 0, 0]],
    ['sigmoidCrossEntropy', [6, 1], 'relu', [0, 1, 1, 0, 1, 0, 0]],
    ['sigmoidCrossEntropy', [4, 3, 1], 'sigmoid', [0, 1, 1, 0, 1, 0, 0]],
    ['softmaxCrossEntropy', [3], 'linear', [0, 1, 2, 0, 1, 2, 2]],
    ['softmaxCrossEntropy', [6, 4, 3], 'tanh', [0, 1, 2, 0, 1, 2, 2]],
    ['meanSquaredError', [5, 1], 'relu', [0.5, -1, 2, 0, 1, 3, -2]],
  ];

  it.each(cases)('%s %j %s: gradients equal differences of the loss', (loss, units, hidden, y) => {
    const model = spec(loss, units, hidden);
    const weights = build(5, units);
    const want = differences(weights, (w) => meanLoss(w, model, x, y));
    expect(worst(gradientOf(model, weights, x, y), want)).toBeLessThan(2e-6);
  });

  it('the comparison has teeth: a wrong activation, loss, label or kernel is seen', () => {
    const y = [0, 1, 1, 0, 1, 0, 0];
    const model = spec('sigmoidCrossEntropy', [6, 1], 'relu');
    const weights = build(5, [6, 1]);
    const want = differences(weights, (w) => meanLoss(w, model, x, y));
    const wrong = [
      gradientOf(spec('sigmoidCrossEntropy', [6, 1], 'tanh'), weights, x, y),
      gradientOf(spec('meanSquaredError', [6, 1], 'relu'), weights, x, y),
      gradientOf(model, weights, x, y.toReversed()),
      gradientOf(model, [build(5, [6])[0], build(6, [1])[0]], x, y),
    ];
    for (const gradient of wrong) expect(worst(gradient, want)).toBeGreaterThan(1e-3);
  });

  it.each(cases)('%s %j %s: losses equal the reference', (loss, units, hidden, y) => {
    const model = spec(loss, units, hidden);
    const weights = build(5, units);
    const got = tf.tidy(() => {
      const network = new Network(model);
      const logits = network.logits(tensorsOf(weights), tf.tensor2d(x.map((row) => [...row])));
      return [...network.loss.perRow(logits, tf.tensor1d(y)).dataSync()];
    });
    const want = x.map((row, r) => ROW_LOSS[loss](logitsOf(weights, hidden, row), y[r]));
    expect(worst(got, want)).toBeLessThan(2e-6);
  });

  it('losses stay finite and right at extreme logits', () => {
    const at = (loss: Loss, logits: number[][], y: number[]): number[] =>
      tf.tidy(() => [
        ...new Network(spec(loss, [1], 'linear')).loss
          .perRow(tf.tensor2d(logits), tf.tensor1d(y))
          .dataSync(),
      ]);
    expect(at('sigmoidCrossEntropy', [[500], [-500], [500], [-500]], [1, 0, 0, 1])).toEqual([
      0, 0, 500, 500,
    ]);
    expect(
      at(
        'softmaxCrossEntropy',
        [
          [900, -900],
          [900, -900],
        ],
        [0, 1],
      ),
    ).toEqual([0, 1800]);
  });

  it('counts hits: positive logit, or the first largest', () => {
    const hits = (loss: Loss, logits: number[][], y: number[]): number[] | undefined =>
      tf.tidy(() => {
        const right = new Network(spec(loss, [1], 'linear')).loss.hits;
        const found = right?.(tf.tensor2d(logits), tf.tensor1d(y));
        return found === undefined ? undefined : [...found.dataSync()];
      });
    expect(hits('sigmoidCrossEntropy', [[0.1], [-0.1], [0], [3]], [1, 0, 0, 0])).toEqual([
      1, 1, 1, 0,
    ]);
    expect(
      hits(
        'softmaxCrossEntropy',
        [
          [1, 3, 2],
          [5, 5, 0],
        ],
        [1, 1],
      ),
    ).toEqual([1, 0]);
    expect(hits('meanSquaredError', [[1]], [1])).toBeUndefined();
  });

  it('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    gradientOf(
      spec('sigmoidCrossEntropy', [6, 1], 'relu'),
      build(5, [6, 1]),
      x,
      [0, 1, 1, 0, 1, 0, 0],
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});
