import { TallyError } from '@tallystick/kernel';
import { copyOf, firstNotFinite } from './bytes.js';
import type { Manifest } from './manifest.js';
import { isPadded, renderFile, renderHeader, splitFile } from './safetensors.js';
import type { OptimizerState } from './strategy.js';

type Moment = 'm' | 'v';

/**
 * The optimizer state's file (protocol.md §1.7): float64 safetensors in the form of a model file. Tensor `m.<name>`
 * holds the first moment of tensor <name>; all of them in manifest order, then `v.<name>` likewise where there is a v.
 */
export function encodeState(manifest: Manifest, state: OptimizerState): Uint8Array {
  const arrays = state.v === undefined ? [state.m] : [state.m, state.v];
  for (const array of arrays) {
    if (array.length !== manifest.d) {
      throw new RangeError(`a moment has ${array.length} elements, the manifest ${manifest.d}`);
    }
  }
  const data = arrays.map((a) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength));
  return renderFile(headerOf(manifest, state.v === undefined ? ['m'] : ['m', 'v']), data);
}

/** Reads a state file of this model; refuses everything `encodeState` would not have written: MODEL_MALFORMED. */
export function decodeState(manifest: Manifest, bytes: Uint8Array): OptimizerState {
  const file = splitFile(bytes);
  if (!file.ok) throw malformed(file.reason);
  const moments = isPadded(file.header, headerOf(manifest, ['m'])) ? 1 : 2;
  if (moments === 2 && !isPadded(file.header, headerOf(manifest, ['m', 'v']))) {
    throw malformed('its header does not belong to this model');
  }
  if (file.data.length !== 8 * moments * manifest.d) {
    throw malformed(`it holds ${file.data.length} bytes, not ${8 * moments * manifest.d}`);
  }
  const all = new Float64Array(copyOf(file.data).buffer);
  if (firstNotFinite(all) >= 0) throw malformed('it holds a value that is not finite');
  const m = all.subarray(0, manifest.d);
  return moments === 1 ? { m } : { m, v: all.subarray(manifest.d) };
}

function headerOf(manifest: Manifest, moments: readonly Moment[]): string {
  return renderHeader(
    'F64',
    moments.flatMap((moment, index) =>
      manifest.tensors.map((tensor) => ({
        ...tensor,
        name: `${moment}.${tensor.name}`,
        offset: index * manifest.d + tensor.offset,
      })),
    ),
  );
}

function malformed(reason: string): TallyError {
  return new TallyError('MODEL_MALFORMED', { reason: `optimizer state: ${reason}` });
}
