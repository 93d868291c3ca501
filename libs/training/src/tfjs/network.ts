import type { ModelSpec } from '@tallystick/protocol';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { dense } from './dense.js';
import type { Layer } from './layer.js';
import { type Loss, lossOf } from './loss.js';

/** A declared model as a stack of layers. It holds no weights: they come with every call, in manifest order. */
export class Network {
  readonly loss: Loss;
  readonly #layers: readonly {
    readonly layer: Layer;
    readonly from: number;
    readonly to: number;
  }[];

  constructor(model: ModelSpec) {
    this.loss = lossOf(model.loss);
    let from = 0;
    this.#layers = model.layers.map((spec) => {
      const layer = dense(spec.dense.activation);
      const slot = { layer, from, to: from + layer.variableCount };
      from = slot.to;
      return slot;
    });
  }

  /** The last layer's output for x [rows, inputs]. */
  logits(weights: readonly Tensor[], x: Tensor): Tensor {
    const outputs = this.#outputs(weights, x);
    return outputs[outputs.length - 1];
  }

  /** Gradients of the mean loss by every weight tensor, in manifest order. Call inside tf.tidy. */
  gradients(weights: readonly Tensor[], x: Tensor, y: Tensor1D): Tensor[] {
    const outputs = this.#outputs(weights, x);
    const gradients: Tensor[] = [];
    let dy = this.loss.gradient(outputs[outputs.length - 1], y);
    for (let i = this.#layers.length - 1; i >= 0; i--) {
      const { layer, from, to } = this.#layers[i];
      const pass = { x: outputs[i], out: outputs[i + 1], dy, wantsDx: i > 0 };
      const result = layer.backward(pass, weights.slice(from, to));
      gradients.unshift(...result.gradients);
      if (result.dx !== undefined) dy = result.dx;
    }
    return gradients;
  }

  /** x and the output of every layer. */
  #outputs(weights: readonly Tensor[], x: Tensor): Tensor[] {
    const outputs = [x];
    for (const { layer, from, to } of this.#layers) {
      outputs.push(layer.forward(outputs[outputs.length - 1], weights.slice(from, to)));
    }
    return outputs;
  }
}
