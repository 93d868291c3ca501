import { concatBytes, TallyError } from '@tallystick/kernel';
import { firstNotFinite } from './bytes.js';
import type { Manifest } from './manifest.js';
import { isPadded, readData, readHeader, renderHead, renderHeader } from './safetensors.js';
import {
  partsIn,
  type ServerState,
  STATE_PARTS,
  stateOver,
  type StatePart,
} from './server-state.js';
import { sourceOf, type UpdateSource } from './update-source.js';

/**
 * The server state's file (protocol.md §1.7–1.8): safetensors in the form of a model file. Tensor `m.<name>` holds the
 * first moment of tensor <name>; all of them in manifest order, then likewise `v.<name>`, `z.<name>` and `c.<name>`,
 * whichever parts there are. z is int64, the others are float64. Throws RangeError without a part and for a part of
 * another length.
 */
export function encodeState(manifest: Manifest, state: ServerState): Uint8Array {
  return concatBytes(...stateFileParts(manifest, state));
}

/** The same in parts to be written one after another: views of the state's arrays behind the head. */
export function stateFileParts(manifest: Manifest, state: ServerState): readonly Uint8Array[] {
  const parts = partsIn(state);
  if (parts.length === 0) throw new RangeError('a state without parts has no file');
  const data = parts.flatMap((part) => {
    const array = state[part];
    if (array === undefined) return [];
    if (array.length === manifest.d) {
      return [new Uint8Array(array.buffer, array.byteOffset, array.byteLength)];
    }
    throw new RangeError(`${part} has ${array.length} elements, the manifest ${manifest.d}`);
  });
  return [renderHead(headerOf(manifest, parts)), ...data];
}

/** Reads a state file of this model; refuses everything `encodeState` would not have written: MODEL_MALFORMED. */
export function decodeState(manifest: Manifest, bytes: Uint8Array): ServerState {
  return readState(manifest, sourceOf(bytes));
}

/** `decodeState` of a file that is read once from its beginning to its end; the arrays lie where `allocate` says. */
export function readState(
  manifest: Manifest,
  file: UpdateSource,
  allocate: (bytes: number) => ArrayBufferLike = (bytes) => new ArrayBuffer(bytes),
): ServerState {
  const head = readHeader(file);
  if (!head.ok) throw malformed(head.reason);
  // A quote starts a name, and no tensor name holds one.
  const parts = STATE_PARTS.filter((part) => head.header.includes(`"${part}.`));
  if (parts.length === 0 || !isPadded(head.header, headerOf(manifest, parts))) {
    throw malformed('its header does not belong to this model');
  }
  const bytes = file.bytes - head.dataAt;
  const want = 8 * parts.length * manifest.d;
  if (bytes !== want) throw malformed(`it holds ${bytes} bytes, not ${want}`);
  const buffer = readData(file, head.dataAt, allocate);
  const state = stateOver(parts, manifest.d, (index) => {
    return { buffer, offset: 8 * index * manifest.d };
  });
  for (const floats of [state.m, state.v, state.c]) {
    if (floats !== undefined && firstNotFinite(floats) >= 0) {
      throw malformed('it holds a value that is not finite');
    }
  }
  return state;
}

function headerOf(manifest: Manifest, parts: readonly StatePart[]): string {
  return renderHeader(
    parts.flatMap((part, index) =>
      manifest.tensors.map((tensor) => ({
        ...tensor,
        dtype: part === 'z' ? ('I64' as const) : ('F64' as const),
        name: `${part}.${tensor.name}`,
        offset: index * manifest.d + tensor.offset,
      })),
    ),
  );
}

function malformed(reason: string): TallyError {
  return new TallyError('MODEL_MALFORMED', { reason: `server state: ${reason}` });
}
