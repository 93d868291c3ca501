import { type Sha256, TallyError } from '@tallystick/kernel';
import { copyOf, firstNotFinite } from './bytes.js';
import { type Manifest, manifestOf, tensorAt, tensorFault, type TensorShape } from './manifest.js';
import { isPadded, renderFile, splitFile } from './safetensors.js';

/** A model as its file holds it: d float32 weights in manifest order. */
export interface Model {
  readonly manifest: Manifest;
  readonly weights: Float32Array;
}

/**
 * The model file (protocol.md §1.1): safetensors, compact header in manifest order, space-padded to 8 bytes, no
 * `__metadata__`. `weights` has manifest.d elements and is copied.
 */
export function encodeModel(manifest: Manifest, weights: Float32Array): Uint8Array {
  if (weights.length !== manifest.d) {
    throw new RangeError(`weights has ${weights.length} elements, the manifest ${manifest.d}`);
  }
  const data = new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
  return renderFile(manifest.headerJson, [data]);
}

/**
 * Reads a model file and refuses everything that `encodeModel` would not have written, and weights that are not
 * finite: MODEL_MALFORMED. The weights are a fresh buffer.
 */
export function decodeModel(sha256: Sha256, bytes: Uint8Array): Model {
  const file = splitFile(bytes);
  if (!file.ok) throw malformed(file.reason);
  const tensors = readTensors(file.header);
  const fault = tensorFault(tensors);
  if (fault !== undefined) throw malformed(fault);
  const manifest = manifestOf(sha256, tensors);
  if (!isPadded(file.header, manifest.headerJson)) {
    throw malformed('its header is not in canonical form');
  }
  if (file.data.length !== 4 * manifest.d) {
    throw malformed(`it holds ${file.data.length} bytes of weights, not ${4 * manifest.d}`);
  }
  const weights = new Float32Array(copyOf(file.data).buffer);
  const bad = firstNotFinite(weights);
  if (bad >= 0)
    throw malformed(`tensor ${tensorAt(manifest, bad)} holds a value that is not finite`);
  return { manifest, weights };
}

function malformed(reason: string): TallyError {
  return new TallyError('MODEL_MALFORMED', { reason });
}

/** Names and shapes of a header; the rest is settled by comparing it with the canonical one. */
function readTensors(header: string): TensorShape[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(header);
  } catch {
    throw malformed('its header is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null) throw malformed('its header is not an object');
  return Object.entries(parsed).map(([name, entry]: [string, unknown]) => {
    const shape: unknown =
      typeof entry === 'object' && entry !== null && 'shape' in entry && entry.shape;
    if (!Array.isArray(shape) || !shape.every((n) => typeof n === 'number')) {
      throw malformed(`entry ${JSON.stringify(name.slice(0, 140))} has no shape`);
    }
    return { name, shape };
  });
}
