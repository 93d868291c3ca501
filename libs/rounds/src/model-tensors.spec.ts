import { isTallyError } from '@tallystick/kernel';
import type { DataSpec, ModelSpec } from '@tallystick/protocol';
import { describe, expect, it } from 'vitest';
import { checkModel, featureWidth, modelTensors } from './model-tensors.js';

const DATA: DataSpec = {
  dataset: 'heart',
  label: { column: 'num', above: 0 },
  split: { column: 'set', train: 'train', test: 'test' },
  missing: 'drop',
  features: [
    { column: 'age', scale: 'standard' },
    { column: 'cp', oneHot: [2, 3, 4] },
  ],
};

type Activation = ModelSpec['layers'][number]['dense']['activation'];

function model(
  loss: ModelSpec['loss'],
  units: readonly number[],
  activation: Activation = 'linear',
): ModelSpec {
  return {
    layers: units.map((n) => ({ dense: { units: n, activation } })),
    loss,
    init: 'glorotUniform',
  };
}

describe('modelTensors', () => {
  it('counts a one-hot feature once per category', () => {
    expect(featureWidth(DATA)).toBe(4);
  });

  it('names tensors layer by layer, kernel [in, out] before bias', () => {
    expect(modelTensors(model('softmaxCrossEntropy', [200, 10]), 784)).toEqual([
      { name: 'dense0.kernel', shape: [784, 200] },
      { name: 'dense0.bias', shape: [200] },
      { name: 'dense1.kernel', shape: [200, 10] },
      { name: 'dense1.bias', shape: [10] },
    ]);
  });

  it('refuses a model too large to build', () => {
    const huge = model('softmaxCrossEntropy', [65_536, 65_536]);
    expect(() => modelTensors(huge, 13)).toThrow(/parameters, the limit is/);
  });
});

describe('checkModel', () => {
  const binary = DATA;
  const number: DataSpec = { ...DATA, label: { column: 'num', value: true } };
  const three: DataSpec = { ...DATA, label: { column: 'num', classes: [0, 1, 2] } };

  it.each([
    ['binary, sigmoid', model('sigmoidCrossEntropy', [5, 1]), binary],
    ['binary, softmax of two', model('softmaxCrossEntropy', [2]), binary],
    ['binary, squared error', model('meanSquaredError', [1]), binary],
    ['three classes, softmax', model('softmaxCrossEntropy', [3]), three],
    ['a number, squared error', model('meanSquaredError', [1]), number],
  ])('accepts %s', (_, spec, data) => {
    expect(() => checkModel(spec, data)).not.toThrow();
  });

  it.each([
    ['sigmoid with two units', model('sigmoidCrossEntropy', [2]), binary],
    ['sigmoid for three classes', model('sigmoidCrossEntropy', [1]), three],
    ['sigmoid for a number', model('sigmoidCrossEntropy', [1]), number],
    ['softmax with a unit too few', model('softmaxCrossEntropy', [2]), three],
    ['squared error for three classes', model('meanSquaredError', [1]), three],
    ['a sigmoid before the sigmoid loss', model('sigmoidCrossEntropy', [1], 'sigmoid'), binary],
    ['a model without layers', model('sigmoidCrossEntropy', []), binary],
  ])('refuses %s', (_, spec, data) => {
    const refusal = (() => {
      try {
        checkModel(spec, data);
        return undefined;
      } catch (error) {
        return error;
      }
    })();
    expect(isTallyError(refusal, 'MODEL_UNSUPPORTED')).toBe(true);
  });
});
