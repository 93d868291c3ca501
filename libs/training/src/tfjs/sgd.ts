import type { LocalSpec } from '@tallystick/protocol';
import * as tf from '@tensorflow/tfjs-core';
import type { Network } from './network.js';

/** One batch on the device's doorstep: x row-major [rows, inputs]. */
export interface Batch {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/**
 * Stochastic gradient descent with momentum, FedProx's proximal term (arXiv 1812.06127 eq. 2) and SCAFFOLD's
 * correction (arXiv 1910.06378 eq. 3), one tensor at a time in float32:
 *
 *     g = ∇loss(w) [+ μ·(w − w₀)] [+ drift]      v = m·v + g      w = w − η·v
 *
 * w₀ are the weights it starts from. The velocity starts at 0; without momentum v = g.
 */
export class Sgd {
  readonly #network: Network;
  readonly #learningRate: number;
  readonly #momentum: number;
  readonly #mu: number;
  readonly #anchor: readonly tf.Tensor[];
  readonly #drift: readonly tf.Tensor[];
  #weights: tf.Tensor[];
  #velocity: tf.Tensor[] = [];

  /** Takes the tensors of `weights` and `drift` (one for each weight, or none at all) over: `close` disposes them. */
  constructor(
    network: Network,
    {
      weights,
      drift,
    }: { readonly weights: readonly tf.Tensor[]; readonly drift: readonly tf.Tensor[] },
    local: LocalSpec,
  ) {
    this.#network = network;
    this.#learningRate = local.optimizer.sgd.learningRate;
    this.#momentum = local.optimizer.sgd.momentum;
    this.#mu = local.proximalMu;
    this.#weights = [...weights];
    this.#drift = drift;
    this.#anchor = this.#mu > 0 ? weights.map((w) => tf.clone(w)) : [];
  }

  /** The current weights, in manifest order; good until the next step. */
  get weights(): readonly tf.Tensor[] {
    return this.#weights;
  }

  step({ x, y }: Batch): void {
    const next = tf.tidy(() => {
      const gradients = this.#gradients(x, y);
      const velocity = this.#momentum > 0 ? this.#accelerated(gradients) : gradients;
      const weights = this.#weights.map((w, i) =>
        tf.sub(w, tf.mul(velocity[i], this.#learningRate)),
      );
      return { weights, velocity: this.#momentum > 0 ? velocity : [] };
    });
    tf.dispose([this.#weights, this.#velocity]);
    this.#weights = next.weights;
    this.#velocity = next.velocity;
  }

  close(): void {
    tf.dispose([this.#weights, this.#velocity, [...this.#anchor], [...this.#drift]]);
  }

  #gradients(x: Float32Array, y: Float32Array): tf.Tensor[] {
    const inputs = tf.tensor2d(x, [y.length, x.length / y.length]);
    const gradients = this.#network.gradients(this.#weights, inputs, tf.tensor1d(y));
    const held =
      this.#mu === 0
        ? gradients
        : gradients.map((g, i) =>
            tf.add(g, tf.mul(tf.sub(this.#weights[i], this.#anchor[i]), this.#mu)),
          );
    return this.#drift.length === 0 ? held : held.map((g, i) => tf.add(g, this.#drift[i]));
  }

  #accelerated(gradients: readonly tf.Tensor[]): tf.Tensor[] {
    return gradients.map((g, i) => {
      const before = this.#velocity.at(i);
      return before === undefined ? g : tf.add(tf.mul(before, this.#momentum), g);
    });
  }
}
