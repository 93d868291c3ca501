// @ts-check
/**
 * What a dishonest site sends. It trains as everybody does and spoils the result before it becomes an update, so that
 * receipt, hash and signature are those of a member in good standing. For tests and benches alone.
 */
import { createHash } from 'node:crypto';

/** @typedef {import('../../libs/training/dist/index.js').Trainer} Trainer */
/** @typedef {import('../../libs/training/dist/index.js').TrainRequest} TrainRequest */
/** @typedef {import('../../libs/training/dist/index.js').TrainResult} TrainResult */
/** @typedef {keyof typeof ATTACKS} Attack */

const TWO_PI = 2 * Math.PI;

/** Standard normal values, two from each pair of uniform ones (Box and Muller 1958). @param {string} seed @param {number} d */
export function gaussian(seed, d) {
  const bits = createHash('shake256', { outputLength: 8 * (d + (d % 2)) })
    .update(seed)
    .digest();
  const values = new Float64Array(d + (d % 2));
  for (let i = 0; i < values.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log((bits.readUInt32LE(8 * i) + 0.5) / 2 ** 32));
    const angle = (TWO_PI * bits.readUInt32LE(8 * i + 8)) / 2 ** 32;
    values[i] = radius * Math.cos(angle);
    values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}

/** The update times `factor`. @param {number} factor */
function times(factor) {
  return (/** @type {TrainRequest} */ { weights }, /** @type {Float32Array} */ trained) =>
    trained.map((after, i) => {
      const before = weights[i] ?? 0;
      return before + factor * (after - before);
    });
}

/** Name → the weights sent instead of those trained; `last` is the model of the task before. */
export const ATTACKS = {
  none: (/** @type {TrainRequest} */ _request, /** @type {Float32Array} */ trained) => trained,
  sign10: times(-10),
  scale: times(20),
  gauss: (/** @type {TrainRequest} */ { weights, seed }) => {
    const noise = gaussian(seed, weights.length);
    return weights.map((before, i) => before + (noise[i] ?? 0));
  },
  /** A free-rider: what the last round did to the model, once more; the model itself at first. */
  replay: (
    /** @type {TrainRequest} */ { weights },
    /** @type {Float32Array} */ _trained,
    /** @type {Float32Array} */ last = weights,
  ) => weights.map((before, i) => before + (before - (last[i] ?? before))),
};

/** A site that lies about its labels is an honest trainer with another file; test rows stay as they are. */
export const FLIP = 'labelFlip';

/** @param {string} csv columns …, digit, set @returns {string} with 9 − digit in the train rows */
export function flipped(csv) {
  return csv.replace(/^(.*),(\d),train$/gm, (_row, pixels, digit) => {
    return `${pixels},${9 - Number(digit)},train`;
  });
}

/** @param {string} name @returns {name is Attack} */
export function isAttack(name) {
  return Object.hasOwn(ATTACKS, name);
}

/** A trainer whose results are spoilt. @param {Trainer} trainer @param {Attack} attack @returns {Trainer} */
export function dishonest(trainer, attack) {
  /** @type {Float32Array | undefined} */
  let last;
  return {
    evaluate: (request) => trainer.evaluate(request),
    close: () => trainer.close(),
    async train(request) {
      const result = await trainer.train(request);
      const weights = ATTACKS[attack](request, result.weights, last);
      last = Float32Array.from(request.weights);
      return { ...result, weights };
    },
  };
}
