import { TallyError } from '@tallystick/kernel';
import { copyOf, firstNotFinite } from './bytes.js';
import type { Manifest } from './manifest.js';
import { isPadded, renderFile, renderHeader, splitFile } from './safetensors.js';
import {
  partsIn,
  type ServerState,
  STATE_PARTS,
  stateOver,
  type StatePart,
} from './server-state.js';

/**
 * The server state's file (protocol.md §1.7–1.8): safetensors in the form of a model file. Tensor `m.<name>` holds the
 * first moment of tensor <name>; all of them in manifest order, then likewise `v.<name>`, `z.<name>` and `c.<name>`,
 * whichever parts there are. z is int64, the others are float64. Throws RangeError without a part and for a part of
 * another length.
 */
export function encodeState(manifest: Manifest, state: ServerState): Uint8Array {
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
  return renderFile(headerOf(manifest, parts), data);
}

/** Reads a state file of this model; refuses everything `encodeState` would not have written: MODEL_MALFORMED. */
export function decodeState(manifest: Manifest, bytes: Uint8Array): ServerState {
  const file = splitFile(bytes);
  if (!file.ok) throw malformed(file.reason);
  // A quote starts a name, and no tensor name holds one.
  const parts = STATE_PARTS.filter((part) => file.header.includes(`"${part}.`));
  if (parts.length === 0 || !isPadded(file.header, headerOf(manifest, parts))) {
    throw malformed('its header does not belong to this model');
  }
  const want = 8 * parts.length * manifest.d;
  if (file.data.length !== want) {
    throw malformed(`it holds ${file.data.length} bytes, not ${want}`);
  }
  const { buffer } = copyOf(file.data);
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
