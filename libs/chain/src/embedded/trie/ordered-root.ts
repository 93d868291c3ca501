import { compact } from '../scale.js';
import { keyText } from '../storage-key.js';
import type { StateVersion } from './node-codec.js';
import { Trie } from './trie.js';

/** Root of the trie that maps the compact-encoded positions to `items`; 32 bytes. */
export function orderedRoot(items: readonly Uint8Array[], version: StateVersion): Uint8Array {
  return items
    .reduce((trie, item, position) => trie.set(keyText(compact(position)), item), Trie.empty)
    .root(version);
}
