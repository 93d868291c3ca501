import { encodeModel, initialWeights, type Manifest, manifestOf } from '@tallystick/aggregation';
import { type Hash, type RunId, type Sha256, TallyError } from '@tallystick/kernel';
import type { RunSpec } from '@tallystick/protocol';
import { GENESIS, recordHash } from '@tallystick/record';
import { featureWidth, modelTensors } from './model-tensors.js';

/** The model a run starts from, derived from its spec alone. */
export interface GenesisModel {
  readonly manifest: Manifest;
  /** The safetensors file. */
  readonly bytes: Uint8Array;
  /** SHA-256 of `bytes`. */
  readonly id: Hash;
}

/** With SCAFFOLD update and state file take 8 bytes for each parameter: they stay below the wire's 512 MiB. */
const MAX_SCAFFOLD_PARAMETERS = 65_000_000;

/**
 * Initial weights of protocol.md §1.1: anybody can derive them from the run spec. Throws MODEL_UNSUPPORTED when the
 * model is too large for its run.
 */
export function genesisModel(sha256: Sha256, spec: RunSpec, specHash: Hash): GenesisModel {
  const manifest = manifestOf(sha256, modelTensors(spec.model, featureWidth(spec.data)));
  if ('scaffold' in spec.strategy && manifest.d > MAX_SCAFFOLD_PARAMETERS) {
    const reason = `it has ${manifest.d} parameters, with scaffold the limit is ${MAX_SCAFFOLD_PARAMETERS}`;
    throw new TallyError('MODEL_UNSUPPORTED', { reason });
  }
  const weights = initialWeights(sha256, { specHash, manifest, init: spec.model.init });
  const bytes = encodeModel(manifest, weights);
  return { manifest, bytes, id: sha256(bytes) };
}

/** `prev` of round 0. */
export function genesisHash(
  sha256: Sha256,
  run: { readonly chain: Hash; readonly run: RunId; readonly spec: Hash; readonly model: Hash },
): Hash {
  return recordHash(sha256, GENESIS, run);
}
