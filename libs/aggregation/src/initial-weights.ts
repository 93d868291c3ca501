import { concatBytes, fromHex, type Hash, type Sha256, utf8 } from '@tallystick/kernel';
import { allocate, kernelsOver } from './kernels/kernels.js';
import type { Manifest, TensorEntry } from './manifest.js';
import { SeedStream } from './seed-stream.js';

/** How a run's first weights are drawn; the shapes of `model.init` in the run spec. */
export type Init = { readonly uniform: number } | 'glorotUniform' | 'zeros';

/** What the first weights depend on. */
export interface InitialWeights {
  /** Hash of the canonical run spec. */
  readonly specHash: Hash;
  readonly manifest: Manifest;
  readonly init: Init;
}

/**
 * The genesis weights (protocol.md §1.1), d float32 in manifest order.
 *
 * Tensor i draws from `SeedStream` seeded with H("tally/init/v1" ‖ spec H ‖ i as u32), tag unpadded, so a tensor's
 * weights do not depend on the others. An element is fround((2u − 1) · a) with u = uniform(), in binary64, row-major.
 * - `{uniform: a}`: every tensor, biases too (torch.nn.Linear draws both from U(±1/√in)).
 * - `glorotUniform` (Glorot & Bengio 2010): a = √(6 ÷ (fanIn + fanOut)) for tensors of rank ≥ 2 in Keras layout
 *   `[…receptive, in, out]`, fan = receptive size · in or out; biases (rank 0 and 1) are zero.
 * - `zeros`: all zero.
 */
export function initialWeights(sha256: Sha256, options: InitialWeights): Float32Array {
  const { specHash, manifest, init } = options;
  const weights = new Float32Array(manifest.d);
  manifest.tensors.forEach((tensor, index) => {
    const bound = boundOf(init, tensor);
    if (bound === 0) return;
    const stream = new SeedStream(sha256, tensorSeed(sha256, specHash, index));
    for (let i = 0; i < tensor.size; i++) {
      weights[tensor.offset + i] = (2 * stream.uniform() - 1) * bound;
    }
  });
  return weights;
}

function tensorSeed(sha256: Sha256, specHash: Hash, index: number): Hash {
  const u32 = new Uint8Array(4);
  new DataView(u32.buffer).setUint32(0, index, true);
  return sha256(concatBytes(utf8('tally/init/v1'), fromHex(specHash), u32));
}

function boundOf(init: Init, tensor: TensorEntry): number {
  if (init === 'zeros') return 0;
  if (init !== 'glorotUniform') return init.uniform;
  const [fanOut, fanIn] = tensor.shape.toReversed();
  if (fanIn === undefined || fanOut === undefined) return 0;
  const receptive = tensor.size / (fanIn * fanOut);
  return kernelsOver(allocate(0)).sqrt(6 / (receptive * fanIn + receptive * fanOut));
}
