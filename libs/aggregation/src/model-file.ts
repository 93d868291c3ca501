import { concatBytes, type Sha256, TallyError } from '@tallystick/kernel';
import { firstNotFinite } from './bytes.js';
import { type Manifest, manifestOf, tensorAt, tensorFault, type TensorShape } from './manifest.js';
import { isPadded, readData, readHeader, renderHead } from './safetensors.js';
import { sourceOf, type UpdateSource } from './update-source.js';

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
  return concatBytes(...modelParts(manifest, weights));
}

/** The same in parts to be written one after another; the last one is a view of `weights`. */
export function modelParts(manifest: Manifest, weights: Float32Array): readonly Uint8Array[] {
  if (weights.length !== manifest.d) {
    throw new RangeError(`weights has ${weights.length} elements, the manifest ${manifest.d}`);
  }
  const { buffer, byteOffset, byteLength } = weights;
  return [renderHead(manifest.headerJson), new Uint8Array(buffer, byteOffset, byteLength)];
}

/**
 * Reads a model file and refuses everything that `encodeModel` would not have written, and weights that are not
 * finite: MODEL_MALFORMED. The weights are a fresh buffer.
 */
export function decodeModel(sha256: Sha256, bytes: Uint8Array): Model {
  return readModel(sha256, sourceOf(bytes));
}

/** `decodeModel` of a file that is read once from its beginning to its end; the weights lie where `allocate` says. */
export function readModel(
  sha256: Sha256,
  file: UpdateSource,
  allocate: (bytes: number) => ArrayBufferLike = (bytes) => new ArrayBuffer(bytes),
): Model {
  const head = readHeader(file);
  if (!head.ok) throw malformed(head.reason);
  const tensors = readTensors(head.header);
  const fault = tensorFault(tensors);
  if (fault !== undefined) throw malformed(fault);
  const manifest = manifestOf(sha256, tensors);
  if (!isPadded(head.header, manifest.headerJson)) {
    throw malformed('its header is not in canonical form');
  }
  const bytes = file.bytes - head.dataAt;
  if (bytes !== 4 * manifest.d) {
    throw malformed(`it holds ${bytes} bytes of weights, not ${4 * manifest.d}`);
  }
  const weights = new Float32Array(readData(file, head.dataAt, allocate));
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
