import { concatBytes } from '@tallystick/kernel';
import { encodeNode, hashOfValue, nodeHash, type StateVersion } from './node-codec.js';
import { type Children, sharedNibbles, TrieNode, TrieValue } from './trie-node.js';

type Maybe = TrieNode | undefined;

const NO_CHILDREN: Children = Array.from({ length: 16 }, () => undefined);

/**
 * Immutable map from key texts (storage-key.ts) to values with a Merkle root: Substrate's radix-16 trie. Every write
 * returns a new trie that shares all unchanged nodes; values are kept, not copied, and must not be changed.
 */
export class Trie {
  static readonly empty: Trie = new Trie(undefined);
  readonly node: Maybe;

  private constructor(node: Maybe) {
    this.node = node;
  }

  get(key: string): Uint8Array | undefined {
    return this.#find(key)?.bytes;
  }

  /** BLAKE2b-256 of the value at `key`; remembered with the value. */
  valueHash(key: string): Uint8Array | undefined {
    const value = this.#find(key);
    return value && hashOfValue(value);
  }

  #find(key: string): TrieValue | undefined {
    const path = nibbles(key);
    let node = this.node;
    let at = 0;
    while (node !== undefined) {
      if (sharedNibbles(node.partial, path, at) < node.partial.length) return undefined;
      at += node.partial.length;
      if (at === path.length) return node.value;
      node = node.children?.[path[at++] ?? 0];
    }
    return undefined;
  }

  set(key: string, value: Uint8Array): Trie {
    return new Trie(insert(this.node, nibbles(key), new TrieValue(value)));
  }

  delete(key: string): Trie {
    const node = remove(this.node, nibbles(key));
    return node === this.node ? this : new Trie(node);
  }

  /** Smallest key greater than `key`. */
  nextKey(key: string): string | undefined {
    const path = this.node === undefined ? undefined : successor(this.node, nibbles(key));
    return path === undefined ? undefined : keyOf(path);
  }

  /** Merkle root, 32 bytes; of the empty trie the hash of its one-byte encoding. */
  root(version: StateVersion = 1): Uint8Array {
    return nodeHash(this.node === undefined ? Uint8Array.of(0) : encodeNode(this.node, version));
  }
}

/** Two nibbles per character, high one first. */
export function nibbles(key: string): Uint8Array {
  const out = new Uint8Array(2 * key.length);
  for (let i = 0; i < key.length; i++) {
    const byte = key.charCodeAt(i);
    out[2 * i] = byte >> 4;
    out[2 * i + 1] = byte & 15;
  }
  return out;
}

function keyOf(path: Uint8Array): string {
  let key = '';
  for (let i = 0; i < path.length; i += 2) {
    key += String.fromCharCode(((path[i] ?? 0) << 4) | (path[i + 1] ?? 0));
  }
  return key;
}

function withChild(children: Children | undefined, nibble: number, child: Maybe): Children {
  return (children ?? NO_CHILDREN).with(nibble, child);
}

function insert(node: Maybe, path: Uint8Array, value: TrieValue): TrieNode {
  if (node === undefined) return new TrieNode(path, value);
  const { partial, children } = node;
  const shared = sharedNibbles(partial, path, 0);
  const rest = path.subarray(shared);
  const [nibble] = rest;
  if (shared === partial.length) {
    if (nibble === undefined) return new TrieNode(partial, value, children);
    const child = insert(children?.[nibble], rest.subarray(1), value);
    return new TrieNode(partial, node.value, withChild(children, nibble, child));
  }
  const below = new TrieNode(partial.subarray(shared + 1), node.value, children);
  const split = withChild(undefined, partial[shared] ?? 0, below);
  const common = partial.subarray(0, shared);
  if (nibble === undefined) return new TrieNode(common, value, split);
  const leaf = new TrieNode(rest.subarray(1), value);
  return new TrieNode(common, undefined, withChild(split, nibble, leaf));
}

/** The same node when the key is not there. */
function remove(node: Maybe, path: Uint8Array): Maybe {
  if (node === undefined) return undefined;
  const { partial, children } = node;
  if (sharedNibbles(partial, path, 0) < partial.length) return node;
  const nibble = path[partial.length];
  if (nibble === undefined) {
    return node.value === undefined ? node : joined(partial, undefined, children);
  }
  const old = children?.[nibble];
  const child = remove(old, path.subarray(partial.length + 1));
  if (child === old) return node;
  return joined(partial, node.value, withChild(children, nibble, child));
}

/** The node of these parts in its one allowed shape: no empty leaf, no branch with a single way and no value. */
function joined(
  partial: Uint8Array,
  value: TrieValue | undefined,
  children: Children | undefined,
): Maybe {
  const used = (children ?? []).flatMap((child, nibble) =>
    child === undefined ? [] : [{ child, nibble }],
  );
  const [only, second] = used;
  if (only === undefined) return value === undefined ? undefined : new TrieNode(partial, value);
  if (second !== undefined || value !== undefined) return new TrieNode(partial, value, children);
  const { child, nibble } = only;
  const path = concatBytes(partial, Uint8Array.of(nibble), child.partial);
  return new TrieNode(path, child.value, child.children);
}

/** Path of the first value below `node`, from its own partial on. */
function first(node: TrieNode): Uint8Array {
  if (node.value !== undefined) return node.partial;
  return firstChild(node, 0) ?? node.partial;
}

function firstChild(node: TrieNode, from: number): Uint8Array | undefined {
  for (let nibble = from; nibble < 16; nibble++) {
    const child = node.children?.[nibble];
    if (child !== undefined) return concatBytes(node.partial, Uint8Array.of(nibble), first(child));
  }
  return undefined;
}

/** Path of the smallest value strictly after `path`. */
function successor(node: TrieNode, path: Uint8Array): Uint8Array | undefined {
  const { partial } = node;
  const shared = sharedNibbles(partial, path, 0);
  if (shared < partial.length) {
    const wanted = path[shared];
    return wanted === undefined || (partial[shared] ?? 0) > wanted ? first(node) : undefined;
  }
  const nibble = path[partial.length];
  if (nibble === undefined) return firstChild(node, 0);
  const child = node.children?.[nibble];
  const below = child && successor(child, path.subarray(partial.length + 1));
  if (below !== undefined) return concatBytes(partial, Uint8Array.of(nibble), below);
  return firstChild(node, nibble + 1);
}
