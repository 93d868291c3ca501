import {
  decodeModel,
  decodeState,
  initialState,
  type Manifest,
  momentsOf,
  type OptimizerState,
} from '@tallystick/aggregation';
import { type Sha256, TallyError, ZERO_HASH } from '@tallystick/kernel';
import type { BlobStore, FoldSpec } from '@tallystick/rounds';

/** What a fold starts from, read and checked. */
export interface FoldStart {
  readonly manifest: Manifest;
  readonly weights: Float32Array;
  readonly state: OptimizerState | undefined;
}

/** Reads model and state by id. Rejects with STORE_BLOB_MISSING, STORE_BLOB_DAMAGED or MODEL_MALFORMED. */
export async function loadStart(
  blobs: BlobStore,
  sha256: Sha256,
  spec: FoldSpec,
): Promise<FoldStart> {
  const { manifest, weights } = decodeModel(sha256, await blobs.get(spec.model));
  const { kind } = spec.strategy;
  if (spec.state === ZERO_HASH) {
    return { manifest, weights, state: initialState(kind, manifest.d) };
  }
  const state = decodeState(manifest, await blobs.get(spec.state));
  const moments = state.v === undefined ? 1 : 2;
  if (moments !== momentsOf(kind)) {
    throw new TallyError('MODEL_MALFORMED', {
      reason: `optimizer state: ${moments} moments where ${kind} keeps ${momentsOf(kind)}`,
    });
  }
  return { manifest, weights, state };
}
