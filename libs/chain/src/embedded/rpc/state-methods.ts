import type { ChainState } from '../chain-state.js';
import { blake2b256 } from '../hashing.js';
import { toHex0x } from '../hex.js';
import type { Runtime } from '../runtime.js';
import { ScaleReader } from '../scale.js';
import { INVALID_PARAMS, RpcError } from './rpc-error.js';
import { bytesJson, hashJson, versionJson } from './rpc-json.js';
import { type RpcContext, type RpcMethods, stateOf } from './rpc-method.js';
import type { RpcParams } from './rpc-params.js';

/** `state_*`: reading a state, with and without proof. Nothing here can write one. */
export function stateMethods(context: RpcContext): RpcMethods {
  return { ...storageMethods(context), ...runtimeMethods(context) };
}

function storageMethods({ chain, limits }: RpcContext): RpcMethods {
  const value = (params: RpcParams): Uint8Array | undefined =>
    stateOf(chain, params.optionalHash(1)).get(params.bytes(0));
  const keysPaged = (params: RpcParams): unknown => {
    const count = params.integer(1);
    if (count > limits.maxKeys) {
      throw new RpcError(INVALID_PARAMS, `at most ${limits.maxKeys} keys a page`);
    }
    const state = stateOf(chain, params.optionalHash(3));
    return state.keys(params.bytes(0), count, params.optionalBytes(2)).map(toHex0x);
  };
  return {
    state_getStorage: (params) => bytesJson(value(params)),
    state_getStorageAt: (params) => bytesJson(value(params)),
    state_getStorageHash: (params) => {
      const bytes = value(params);
      return bytesJson(bytes && blake2b256(bytes));
    },
    state_getStorageSize: (params) => value(params)?.length ?? null,
    state_getKeysPaged: keysPaged,
    state_getKeysPagedAt: keysPaged,
    state_queryStorageAt: (params) => {
      const hash = params.optionalHash(1) ?? chain.head.hash;
      const state = chain.stateAt(hash);
      const keys = params.bytesList(0, limits.maxKeys);
      return [storageChanges(hashJson(hash), state, keys)];
    },
    state_getReadProof: (params) => {
      const hash = params.optionalHash(1) ?? chain.head.hash;
      const proof = chain.stateAt(hash).prove(params.bytesList(0, limits.maxKeys));
      return { at: hashJson(hash), proof: proof.map(toHex0x) };
    },
  };
}

function runtimeMethods({ chain }: RpcContext): RpcMethods {
  const metadata = new WeakMap<Runtime, string>();
  const version = (params: RpcParams): unknown =>
    versionJson(stateOf(chain, params.optionalHash(0)).runtime.version);
  const call = (params: RpcParams): string => {
    const state = stateOf(chain, params.optionalHash(2));
    return toHex0x(state.call(params.text(0), params.bytes(1)));
  };
  return {
    state_getRuntimeVersion: version,
    chain_getRuntimeVersion: version,
    state_getMetadata: (params) => {
      const state = stateOf(chain, params.optionalHash(0));
      const known = metadata.get(state.runtime) ?? readMetadata(state);
      metadata.set(state.runtime, known);
      return known;
    },
    state_call: call,
    state_callAt: call,
  };
}

function readMetadata(state: ChainState): string {
  const opaque = state.call('Metadata_metadata', new Uint8Array());
  return toHex0x(new ScaleReader(opaque).opaque());
}

/** One entry of Substrate's `StorageChangeSet`. */
export function storageChanges(
  block: string,
  state: ChainState,
  keys: readonly Uint8Array[],
): { readonly block: string; readonly changes: readonly (readonly [string, string | null])[] } {
  const changes = keys.map((key) => [toHex0x(key), bytesJson(state.get(key))] as const);
  return { block, changes };
}
