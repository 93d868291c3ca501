import {
  initialState,
  type Manifest,
  partsIn,
  readModel,
  readState,
  type ServerState,
  stateParts,
  updateManifestOf,
} from '@tallystick/aggregation';
import { type Sha256, TallyError, ZERO_HASH } from '@tallystick/kernel';
import type { BlobStore, FoldSpec } from '@tallystick/rounds';
import { readHashed } from './read-update.js';

/** What a fold starts from, read and checked. */
export interface FoldStart {
  /** Of the model. */
  readonly manifest: Manifest;
  /** Of the updates: of the model, too, unless they hold more than its tensors. */
  readonly updates: Manifest;
  readonly weights: Float32Array;
  readonly state: ServerState | undefined;
}

/**
 * Reads model and state by id, each byte once, into memory that `allocate` gives (bytes → buffer). Rejects with
 * STORE_BLOB_MISSING, STORE_BLOB_DAMAGED or MODEL_MALFORMED.
 */
export async function loadStart(
  { blobs, sha256 }: { readonly blobs: BlobStore; readonly sha256: Sha256 },
  spec: FoldSpec,
  allocate: (bytes: number) => ArrayBufferLike,
): Promise<FoldStart> {
  const { manifest, weights } = await blobs.withBytes(spec.model, (blob) =>
    readHashed(spec.model, blob, (file) => readModel(sha256, file, allocate)),
  );
  const { kind } = spec.strategy;
  const updates = updateManifestOf(sha256, manifest, kind);
  const parts = stateParts(kind, spec.robust?.kind);
  if (spec.state === ZERO_HASH) {
    return { manifest, updates, weights, state: initialState(parts, manifest.d, allocate) };
  }
  const state = await blobs.withBytes(spec.state, (blob) =>
    readHashed(spec.state, blob, (file) => readState(manifest, file, allocate)),
  );
  const got = partsIn(state).join(', ');
  if (got !== parts.join(', ')) {
    const reason = `server state: it holds [${got}] where this run keeps [${parts.join(', ')}]`;
    throw new TallyError('MODEL_MALFORMED', { reason });
  }
  return { manifest, updates, weights, state };
}
