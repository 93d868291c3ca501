import { assertNever } from '@tallystick/kernel';
import type { ModelSpec } from '@tallystick/protocol';
import * as tf from '@tensorflow/tfjs-core';

/** A loss over the last layer's output. `logits` is [rows, units], `y` a float32 vector of `rows` labels. */
export interface Loss {
  /** Gradient of the mean loss by the logits. */
  gradient(logits: tf.Tensor, y: tf.Tensor1D): tf.Tensor;
  /** Loss of every row. */
  perRow(logits: tf.Tensor, y: tf.Tensor1D): tf.Tensor;
  /** 1 where the row's class is right; absent when the loss does not classify. */
  hits?(logits: tf.Tensor, y: tf.Tensor1D): tf.Tensor;
}

/** The loss of a model. All of them start from logits, in the forms that neither overflow nor cancel. */
export function lossOf(name: ModelSpec['loss']): Loss {
  switch (name) {
    case 'sigmoidCrossEntropy':
      return sigmoidCrossEntropy;
    case 'softmaxCrossEntropy':
      return softmaxCrossEntropy;
    case 'meanSquaredError':
      return meanSquaredError;
    default:
      return assertNever(name);
  }
}

/** One logit z per row: max(z, 0) − z·y + log(1 + e^−|z|); class 1 iff z > 0. */
const sigmoidCrossEntropy: Loss = {
  gradient(logits, y) {
    return mean(tf.sub(tf.sigmoid(logits), column(y)));
  },
  perRow(logits, y) {
    const z = tf.reshape(logits, [-1]);
    const tail = tf.log1p(tf.exp(tf.neg(tf.abs(z))));
    return tf.add(tf.sub(tf.relu(z), tf.mul(z, y)), tail);
  },
  hits(logits, y) {
    return tf.equal(tf.greater(tf.reshape(logits, [-1]), 0), tf.greater(y, 0.5));
  },
};

/** −log softmax(z)[y]; the class is the first largest logit. */
const softmaxCrossEntropy: Loss = {
  gradient(logits, y) {
    return mean(tf.sub(tf.softmax(logits), oneHot(y, logits)));
  },
  perRow(logits, y) {
    const shifted = tf.sub(logits, tf.max(logits, 1, true));
    const logSum = tf.log(tf.sum(tf.exp(shifted), 1));
    return tf.sub(logSum, tf.sum(tf.mul(shifted, oneHot(y, logits)), 1));
  },
  hits(logits, y) {
    return tf.equal(tf.argMax(logits, 1), tf.cast(y, 'int32'));
  },
};

/** One output per row: (z − y)². */
const meanSquaredError: Loss = {
  gradient(logits, y) {
    return mean(tf.mul(tf.sub(logits, column(y)), 2));
  },
  perRow(logits, y) {
    return tf.square(tf.sub(tf.reshape(logits, [-1]), y));
  },
};

function column(y: tf.Tensor1D): tf.Tensor {
  return tf.reshape(y, [-1, 1]);
}

function oneHot(y: tf.Tensor1D, logits: tf.Tensor): tf.Tensor {
  const units = logits.size / y.size;
  return tf.cast(tf.oneHot(tf.cast(y, 'int32'), units), 'float32');
}

/** Per row of a [rows, units] gradient: that of the mean over rows. */
function mean(gradient: tf.Tensor): tf.Tensor {
  return tf.div(gradient, gradient.shape[0]);
}
