import { decodeModel, encodeModel, type Manifest } from '@tallystick/aggregation';
import { fromHex, isTallyError, type Sha256, toHex } from '@tallystick/kernel';
import type { RunSpec } from '@tallystick/protocol';

/**
 * What a site carries from one round of a run to the next, d float32: SCAFFOLD's control cᵢ, or what its last update
 * could not say (the residual of error feedback). Both start at 0; no run has both.
 */
export type SiteState = Float32Array;

/** Bytes of the hash in front of a state file. */
const HASH_BYTES = 32;

/** Do the sites of this run carry anything? */
export function carriesState({ strategy, numeric }: RunSpec): boolean {
  return 'scaffold' in strategy || numeric.codec !== 'i32' || numeric.topPpm !== undefined;
}

/** The file of a state: SHA-256 of what follows ‖ a model file of the run's model that holds it. */
export function encodeSiteState(sha256: Sha256, manifest: Manifest, state: SiteState): Uint8Array {
  const body = encodeModel(manifest, state);
  const file = new Uint8Array(HASH_BYTES + body.length);
  file.set(fromHex(sha256(body)));
  file.set(body, HASH_BYTES);
  return file;
}

/** The state in `file`, or why it is not one that `encodeSiteState` wrote for this model. */
export function decodeSiteState(
  sha256: Sha256,
  manifest: Manifest,
  file: Uint8Array,
):
  | { readonly ok: true; readonly state: SiteState }
  | { readonly ok: false; readonly reason: string } {
  const body = file.subarray(HASH_BYTES);
  if (toHex(file.subarray(0, HASH_BYTES)) !== sha256(body)) {
    return { ok: false, reason: 'its bytes are not those that were written' };
  }
  try {
    const held = decodeModel(sha256, body);
    if (held.manifest.hash === manifest.hash) return { ok: true, state: held.weights };
    return { ok: false, reason: 'it belongs to another model' };
  } catch (error) {
    if (isTallyError(error)) return { ok: false, reason: error.message };
    throw error;
  }
}
