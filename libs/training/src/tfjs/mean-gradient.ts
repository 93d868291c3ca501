import type { Manifest } from '@tallystick/aggregation';
import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../data/dataset.js';
import type { Breather } from './breather.js';
import { EVALUATION_ROWS } from './measure.js';
import type { Network } from './network.js';

/** The examples and the layout of the result. */
interface GradientTask {
  readonly examples: Examples;
  readonly manifest: Manifest;
  readonly breather: Breather;
}

/**
 * Gradient of the mean loss over all examples, d binary64 in manifest order. Pieces of EVALUATION_ROWS rows are
 * differentiated in float32 and added in row order in binary64, each by its share of the rows.
 */
export async function meanGradient(
  network: Network,
  weights: readonly tf.Tensor[],
  { examples, manifest, breather }: GradientTask,
): Promise<Float64Array> {
  const width = examples.x.length / examples.rows;
  const mean = new Float64Array(manifest.d);
  for (let from = 0; from < examples.rows; from += EVALUATION_ROWS) {
    const to = Math.min(from + EVALUATION_ROWS, examples.rows);
    const share = (to - from) / examples.rows;
    tf.tidy(() => {
      const x = tf.tensor2d(examples.x.subarray(from * width, to * width), [to - from, width]);
      const y = tf.tensor1d(examples.y.subarray(from, to));
      for (const [i, gradient] of network.gradients(weights, x, y).entries()) {
        const { offset } = manifest.tensors[i];
        const values = gradient.dataSync<'float32'>();
        for (let j = 0; j < values.length; j++) mean[offset + j] += share * values[j];
      }
    });
    await breather.breathe();
  }
  return mean;
}
