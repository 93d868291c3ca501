import {
  decodeModel,
  decodeState,
  initialState,
  type Manifest,
  partsIn,
  type ServerState,
  stateParts,
} from '@tallystick/aggregation';
import { type Sha256, TallyError, ZERO_HASH } from '@tallystick/kernel';
import type { BlobStore, FoldSpec } from '@tallystick/rounds';

/** What a fold starts from, read and checked. */
export interface FoldStart {
  readonly manifest: Manifest;
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
  const parts = stateParts(spec.strategy.kind, spec.robust?.kind);
  if (spec.state === ZERO_HASH) {
    return { manifest, weights, state: initialState(parts, manifest.d) };
  }
  const state = decodeState(manifest, await blobs.get(spec.state));
  const got = partsIn(state).join(', ');
  if (got !== parts.join(', ')) {
    const reason = `server state: it holds [${got}] where this run keeps [${parts.join(', ')}]`;
    throw new TallyError('MODEL_MALFORMED', { reason });
  }
  return { manifest, weights, state };
}
