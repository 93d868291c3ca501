import type { Tensor } from '@tensorflow/tfjs-core';

/** What a layer needs to go back through itself. `x` and `out` are [rows, width]. */
export interface BackwardPass {
  readonly x: Tensor;
  readonly out: Tensor;
  /** Gradient of the loss by `out`. */
  readonly dy: Tensor;
  /** False for the first layer: nobody needs the gradient by the data. */
  readonly wantsDx: boolean;
}

/** Gradients of the loss by the layer's variables, in their order, and by its input. */
export interface BackwardResult {
  readonly gradients: readonly Tensor[];
  readonly dx?: Tensor;
}

/**
 * One layer of a declared model. Both directions are written out in tfjs-core operations rather than left to its
 * tape: the backward matmuls then take explicit transposes, which reach XNNPACK, where `transposeA/B` falls to a
 * scalar loop in the wasm backend (2.9–4× slower), and a step of a small model costs 0.1 instead of 0.3 ms.
 */
export interface Layer {
  /** Number of tensors it takes from the manifest. */
  readonly variableCount: number;
  forward(x: Tensor, variables: readonly Tensor[]): Tensor;
  backward(pass: BackwardPass, variables: readonly Tensor[]): BackwardResult;
}
