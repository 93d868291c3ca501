import { assertNever } from '@tallystick/kernel';
import type { ModelSpec } from '@tallystick/protocol';
import * as tf from '@tensorflow/tfjs-core';
import type { Layer } from './layer.js';

type Activation = ModelSpec['layers'][number]['dense']['activation'];

/** out = activation(x · kernel + bias), kernel [in, out]. */
export function dense(activation: Activation): Layer {
  return {
    variableCount: 2,
    forward(x, [kernel, bias]) {
      return activate(activation, tf.add(tf.matMul(x, kernel), bias));
    },
    backward({ x, out, dy, wantsDx }, [kernel]) {
      const dz = throughActivation(activation, dy, out);
      const gradients = [tf.matMul(tf.transpose(x), dz), tf.sum(dz, 0)];
      if (!wantsDx) return { gradients };
      return { gradients, dx: tf.matMul(dz, tf.transpose(kernel)) };
    },
  };
}

function activate(activation: Activation, z: tf.Tensor): tf.Tensor {
  switch (activation) {
    case 'linear':
      return z;
    case 'relu':
      return tf.relu(z);
    case 'tanh':
      return tf.tanh(z);
    case 'sigmoid':
      return tf.sigmoid(z);
    default:
      return assertNever(activation);
  }
}

/** Gradient by z = x · kernel + bias, from the gradient by out = activation(z) and out itself. */
function throughActivation(activation: Activation, dy: tf.Tensor, out: tf.Tensor): tf.Tensor {
  switch (activation) {
    case 'linear':
      return dy;
    case 'relu':
      return tf.mul(dy, tf.step(out));
    case 'tanh':
      return tf.mul(dy, tf.sub(1, tf.square(out)));
    case 'sigmoid':
      return tf.mul(dy, tf.mul(out, tf.sub(1, out)));
    default:
      return assertNever(activation);
  }
}
