import type { DataSpec, ModelSpec } from '@tallystick/protocol';
import { describe, expect, it } from 'vitest';
import { featureWidth, modelTensors } from './model-tensors.js';

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

function model(...units: readonly number[]): ModelSpec {
  const layers = units.map((n) => ({ dense: { units: n, activation: 'linear' as const } }));
  return { layers, loss: 'softmaxCrossEntropy', init: 'glorotUniform' };
}

describe('modelTensors', () => {
  it('counts a one-hot feature once per category', () => {
    expect(featureWidth(DATA)).toBe(4);
  });

  it('names tensors layer by layer, kernel [in, out] before bias', () => {
    expect(modelTensors(model(200, 10), 784)).toEqual([
      { name: 'dense0.kernel', shape: [784, 200] },
      { name: 'dense0.bias', shape: [200] },
      { name: 'dense1.kernel', shape: [200, 10] },
      { name: 'dense1.bias', shape: [10] },
    ]);
  });

  it('refuses a model too large to build', () => {
    const huge = model(65_536, 65_536);
    expect(() => modelTensors(huge, 13)).toThrow(/parameters, the limit is/);
  });
});
