import { concatBytes } from '@tallystick/kernel';
import { littleEndian, opaque, ScaleReader } from '../scale.js';
import { keyBytes, keyText } from '../storage-key.js';
import type { HostContext, HostFunctions } from './host-context.js';

const NONE = Uint8Array.of(0);
const SOME = Uint8Array.of(1);

/** Main storage and its transactions (sp-io `storage`). Values are copied out of the memory, never viewed. */
export function storageFunctions(host: HostContext): HostFunctions {
  const { memory } = host;
  const keyAt = (span: bigint): string => keyText(memory.span(span));
  const option = (encoded: Uint8Array | undefined): bigint =>
    memory.putSpan(encoded === undefined ? NONE : concatBytes(SOME, encoded));
  return {
    ext_storage_set_version_1: (key: bigint, value: bigint) =>
      host.storage.set(keyAt(key), memory.span(value).slice()),
    ext_storage_get_version_1: (key: bigint) => {
      const value = host.storage.get(keyAt(key));
      return option(value && opaque(value));
    },
    ext_storage_read_version_1: (key: bigint, out: bigint, offset: number) => {
      const value = host.storage.get(keyAt(key));
      return option(value && readInto(memory.span(out), value, offset >>> 0));
    },
    ext_storage_clear_version_1: (key: bigint) => host.storage.delete(keyAt(key)),
    ext_storage_exists_version_1: (key: bigint) =>
      Number(host.storage.get(keyAt(key)) !== undefined),
    ext_storage_append_version_1: (key: bigint, item: bigint) =>
      host.storage.append(keyAt(key), memory.span(item).slice()),
    ext_storage_next_key_version_1: (key: bigint) => {
      const next = host.storage.nextKey(keyAt(key));
      return option(next === undefined ? undefined : opaque(keyBytes(next)));
    },
    ext_storage_clear_prefix_version_2: (prefix: bigint, limit: bigint) => {
      const input = new ScaleReader(memory.span(limit));
      const most = input.option(() => input.u32());
      const { more, visited } = host.storage.clearPrefix(keyAt(prefix), most);
      return memory.putSpan(concatBytes(more ? SOME : NONE, littleEndian(visited, 4)));
    },
    ext_storage_root_version_2: (version: number) => memory.putSpan(stateRoot(host, version)),
    ext_storage_start_transaction_version_1: () => host.storage.begin(),
    ext_storage_commit_transaction_version_1: () => host.storage.commit(),
    ext_storage_rollback_transaction_version_1: () => host.storage.rollback(),
  };
}

/** Copies from `offset` on into `out`; returns how many bytes there were, not how many fitted. */
function readInto(out: Uint8Array, value: Uint8Array, offset: number): Uint8Array {
  const rest = value.subarray(Math.min(offset, value.length));
  out.set(rest.subarray(0, out.length));
  return littleEndian(rest.length, 4);
}

function stateRoot(host: HostContext, version: number): Uint8Array {
  if (version !== 1) throw new RangeError(`state version ${version}; this host keeps version 1`);
  return host.storage.trie().root(1);
}
