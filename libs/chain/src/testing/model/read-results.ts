import { Metadata, TypeRegistry } from '@polkadot/types';
import type { EventRecord } from '@polkadot/types/interfaces';
import type { Vec } from '@polkadot/types';
import type { ChainState } from '../../embedded/chain-state.js';
import { ScaleReader } from '../../embedded/scale.js';
import { storageKey } from '../../embedded/storage-key.js';

let registry: TypeRegistry | undefined;

/** The registry of the released runtime's types; the same for every chain of a process. */
function registryOf(state: ChainState): TypeRegistry {
  if (registry === undefined) {
    registry = new TypeRegistry();
    const bytes = new ScaleReader(state.call('Metadata_metadata', new Uint8Array())).opaque();
    registry.setMetadata(new Metadata(registry, new Uint8Array(bytes)));
  }
  return registry;
}

/** How the signed transactions of a block ended, in their order: `ok` or the name of the pallet's error. */
export function readResults(state: ChainState): readonly string[] {
  const types = registryOf(state);
  const bytes = state.get(storageKey('System', 'Events')) ?? new Uint8Array(1);
  const events = types.createType<Vec<EventRecord>>(
    'Vec<FrameSystemEventRecord>',
    new Uint8Array(bytes),
  );
  const results: string[] = [];
  for (const { event, phase } of events) {
    if (!phase.isApplyExtrinsic || event.section !== 'system') continue;
    const at = phase.asApplyExtrinsic.toNumber();
    if (event.method === 'ExtrinsicSuccess') results[at] = 'ok';
    if (event.method !== 'ExtrinsicFailed') continue;
    const [error] = event.data;
    results[at] = errorName(types, error);
  }
  return results.slice(1); // the first is the timestamp
}

function errorName(types: TypeRegistry, error: unknown): string {
  const dispatch = types.createType('SpRuntimeDispatchError', error);
  const json = JSON.stringify(dispatch.toJSON());
  const found = /"index":(\d+),"error":"0x([0-9a-f]{2})/.exec(json);
  if (found === null) return dispatch.toHuman() === 'BadOrigin' ? 'BadOrigin' : json;
  const [, index = '', code = ''] = found;
  const at = { index: Number(index), error: Number.parseInt(code, 16) };
  return types.findMetaError(new Uint8Array([at.index, at.error])).name;
}
