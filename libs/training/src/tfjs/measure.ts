import { TallyError } from '@tallystick/kernel';
import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../data/dataset.js';
import type { Evaluation } from '../engine.js';
import type { Breather } from './breather.js';
import type { Network } from './network.js';

/** Rows measured at once: bounds the memory of an evaluation, whatever the size of the data. */
export const EVALUATION_ROWS = 1024;

/** Mean loss and share of hits; losses are added in row order in binary64. */
export async function measure(
  network: Network,
  weights: readonly tf.Tensor[],
  examples: Examples,
  breather: Breather,
): Promise<Evaluation> {
  const width = examples.x.length / examples.rows;
  let loss = 0;
  let hits: number | undefined;
  for (let from = 0; from < examples.rows; from += EVALUATION_ROWS) {
    const to = Math.min(from + EVALUATION_ROWS, examples.rows);
    tf.tidy(() => {
      const x = tf.tensor2d(examples.x.subarray(from * width, to * width), [to - from, width]);
      const y = tf.tensor1d(examples.y.subarray(from, to));
      const logits = network.logits(weights, x);
      for (const value of network.loss.perRow(logits, y).dataSync<'float32'>()) loss += value;
      const right = network.loss.hits?.(logits, y).dataSync<'bool'>();
      if (right !== undefined) hits = right.reduce((sum, hit) => sum + hit, hits ?? 0);
    });
    await breather.breathe();
  }
  loss /= examples.rows;
  if (!Number.isFinite(loss)) throw new TallyError('ENGINE_DIVERGED', { tensor: 'the loss' });
  const accuracy = hits === undefined ? {} : { accuracy: hits / examples.rows };
  return { numExamples: examples.rows, loss, ...accuracy };
}
