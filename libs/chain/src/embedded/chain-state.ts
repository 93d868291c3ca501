import { Overlay } from './overlay.js';
import type { Runtime, RuntimeCache } from './runtime.js';
import { keyBytes, keyText } from './storage-key.js';
import { proveKeys } from './trie/read-proof.js';
import type { Trie } from './trie/trie.js';

/** The state after one block, to read from; never changes. */
export class ChainState {
  readonly #trie: Trie;
  readonly #runtimes: RuntimeCache;

  constructor(trie: Trie, runtimes: RuntimeCache) {
    this.#trie = trie;
    this.#runtimes = runtimes;
  }

  /** The runtime of this state. */
  get runtime(): Runtime {
    return this.#runtimes.of(this.#trie);
  }

  /** The value at a storage key, as a view that must not be changed. */
  get(key: Uint8Array): Uint8Array | undefined {
    return this.#trie.get(keyText(key));
  }

  /** At most `limit` keys that begin with `prefix`, ascending, after `after` if given. */
  keys(prefix: Uint8Array, limit: number, after?: Uint8Array): Uint8Array[] {
    const wanted = keyText(prefix);
    const isFirst = after === undefined && this.#trie.get(wanted) !== undefined;
    let key = isFirst ? wanted : this.#trie.nextKey(after === undefined ? wanted : keyText(after));
    const found: Uint8Array[] = [];
    for (
      ;
      found.length < limit && key?.startsWith(wanted) === true;
      key = this.#trie.nextKey(key)
    ) {
      found.push(keyBytes(key));
    }
    return found;
  }

  /** Read proof for keys present or absent, against the state root of the block's header. */
  prove(keys: readonly Uint8Array[]): Uint8Array[] {
    return proveKeys(this.#trie, keys.map(keyText));
  }

  /** Calls a runtime API with SCALE `args`; what it writes is forgotten. Throws LEDGER_RUNTIME_FAILED. */
  call(api: string, args: Uint8Array): Uint8Array {
    return this.runtime.call(new Overlay(this.#trie), api, args);
  }
}
