// @ts-check
import { decodeModel } from '../../libs/aggregation/dist/index.js';
import { simulate } from '../../apps/cli/dist/simulate/simulate.js';
import { MemoryBlobStore } from '../../libs/blobs/dist/index.js';
import { sha256 } from '../../libs/kernel/dist/node/index.js';
import { InlineTrainer } from '../../libs/training/dist/index.js';
import { dishonest } from './attacks.mjs';

/** @typedef {Parameters<typeof simulate>[0]} Example */

/** Blobs of the run at hand, so that models of its rounds can be measured. @type {Map<string, Uint8Array>} */
const blobs = new Map();
const put = Reflect.get(MemoryBlobStore.prototype, 'put');
MemoryBlobStore.prototype.put = async function remember(/** @type {Uint8Array} */ bytes) {
  const id = await put.call(this, bytes);
  blobs.set(id, bytes);
  return id;
};

/** Who lies in the run at hand, and how: dataset path → attack. @type {ReadonlyMap<string, import('./attacks.mjs').Attack>} */
let liars = new Map();
const train = Reflect.get(InlineTrainer.prototype, 'train');
InlineTrainer.prototype.train = function trainOrLie(
  /** @type {import('../../libs/training/dist/index.js').TrainRequest} */ request,
) {
  const attack =
    typeof request.datasetPath === 'string' ? liars.get(request.datasetPath) : undefined;
  if (attack === undefined) return train.call(this, request);
  const honest = {
    train: train.bind(this),
    evaluate: this.evaluate.bind(this),
    close: this.close.bind(this),
  };
  return dishonest(honest, attack).train(request);
};

/**
 * Plays a run in this process with some sites that lie.
 * @param {Example} example @param {ReadonlyMap<string, import('./attacks.mjs').Attack>} attackOf by path of the dataset
 * @returns {Promise<{ models: string[], failure: string | undefined }>} model after each round that closed
 */
export async function attackedRun(example, attackOf) {
  const { signal } = new AbortController();
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  /** @type {string[]} */
  const models = [];
  blobs.clear();
  liars = attackOf;
  const onRound = (/** @type {{ modelAfter: string }} */ header) =>
    void models.push(header.modelAfter);
  try {
    const { outcome } = await simulate(example, { logger, signal, onRound });
    return { models, failure: outcome.status === 'completed' ? undefined : outcome.reason };
  } catch (error) {
    return { models, failure: String(error) };
  } finally {
    liars = new Map();
  }
}

/**
 * Percent of all test rows that a model of the last run gets right, each row prepared by its own site.
 * @param {Example} example @param {string} id
 */
export async function accuracyOf({ spec, sites }, id) {
  const model = decodeModel(sha256, blobs.get(id) ?? new Uint8Array(0));
  const trainer = new InlineTrainer();
  let right = 0;
  let rows = 0;
  try {
    for (const { datasetPath } of sites) {
      const request = { ...model, data: spec.data, model: spec.model, datasetPath };
      const { accuracy = 0, numExamples } = await trainer.evaluate({ ...request, set: 'test' });
      right += accuracy * numExamples;
      rows += numExamples;
    }
  } finally {
    await trainer.close();
  }
  return (100 * right) / rows;
}
