import {
  decodeModel,
  decodeState,
  initialState,
  type Manifest,
  partsIn,
  type ServerState,
  stateParts,
  updateManifestOf,
} from '@tallystick/aggregation';
import { type Sha256, TallyError, ZERO_HASH } from '@tallystick/kernel';
import type { BlobStore, FoldSpec } from '@tallystick/rounds';

/** What a fold starts from, read and checked. */
export interface FoldStart {
  /** Of the model. */
  readonly manifest: Manifest;
  /** Of the updates: of the model, too, unless they hold more than its tensors. */
  readonly updates: Manifest;
  readonly weights: Float32Array;
  readonly state: ServerState | undefined;
}

/** Reads model and state by id. Rejects with STORE_BLOB_MISSING, STORE_BLOB_DAMAGED or MODEL_MALFORMED. */
export async function loadStart(
  blobs: BlobStore,
  sha256: Sha256,
  spec: FoldSpec,
): Promise<FoldStart> {
  const { manifest, weights } = decodeModel(sha256, await blobs.get(spec.model));
  const { kind } = spec.strategy;
  const updates = updateManifestOf(sha256, manifest, kind);
  const parts = stateParts(kind, spec.robust?.kind);
  if (spec.state === ZERO_HASH) {
    return { manifest, updates, weights, state: initialState(parts, manifest.d) };
  }
  const state = decodeState(manifest, await blobs.get(spec.state));
  const got = partsIn(state).join(', ');
  if (got !== parts.join(', ')) {
    const reason = `server state: it holds [${got}] where this run keeps [${parts.join(', ')}]`;
    throw new TallyError('MODEL_MALFORMED', { reason });
  }
  return { manifest, updates, weights, state };
}
