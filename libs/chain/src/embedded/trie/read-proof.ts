import { asHash, fromHex, type Hash, toHex } from '@tallystick/kernel';
import { decodeNode, type DecodedNode, encodeNode, isHashed, nodeHash } from './node-codec.js';
import { nibbles, type Trie } from './trie.js';
import { sharedNibbles, type TrieNode } from './trie-node.js';

/**
 * Read proof (state version 1) for some keys, present or absent: the encoded nodes on their paths that are referred to
 * by hash, and the hashed values. Each once, in the order met.
 */
export function proveKeys(trie: Trie, keys: readonly string[]): Uint8Array[] {
  const proof = new Map<Hash, Uint8Array>();
  const add = (bytes: Uint8Array): void => void proof.set(hashFrom(nodeHash(bytes)), bytes);
  if (trie.node === undefined) return [Uint8Array.of(0)];
  for (const key of keys) provePath(trie.node, nibbles(key), add);
  return [...proof.values()];
}

function provePath(root: TrieNode, path: Uint8Array, add: (bytes: Uint8Array) => void): void {
  let node: TrieNode | undefined = root;
  let at = 0;
  while (node !== undefined) {
    const encoded = encodeNode(node, 1);
    if (node === root || encoded.length >= 32) add(encoded);
    if (sharedNibbles(node.partial, path, at) < node.partial.length) return;
    at += node.partial.length;
    if (at === path.length) {
      if (node.value !== undefined && isHashed(node.value, 1)) add(node.value.bytes);
      return;
    }
    node = node.children?.[path[at++] ?? 0];
  }
}

/** What a proof says of each key (undefined: proven absent), or why it proves nothing. */
export type ProofOutcome<T = Uint8Array> =
  | { readonly ok: true; readonly values: readonly (T | undefined)[] }
  | { readonly ok: false; readonly reason: string };

/**
 * Checks a read proof against a state root. Every node of the proof must be needed for one of `keys`, so that no byte of
 * it stays unchecked.
 */
export function verifyReadProof(
  root: Hash,
  proof: readonly Uint8Array[],
  keys: readonly string[],
): ProofOutcome<Uint8Array> {
  return verifyEach(proof, keys, (key, need) => lookup(root, nibbles(key), need));
}

/**
 * Checks a read proof of key prefixes: for each, what stands for everything below it, as hex. The same text at two
 * states means the same keys and values; undefined, that there is none.
 */
export function verifyMapProof(
  root: Hash,
  proof: readonly Uint8Array[],
  prefixes: readonly string[],
): ProofOutcome<string> {
  return verifyEach(proof, prefixes, (prefix, need) => subtreeAt(root, nibbles(prefix), need));
}

type Need = (hash: Hash) => Uint8Array;

function verifyEach<T>(
  proof: readonly Uint8Array[],
  keys: readonly string[],
  read: (key: string, need: Need) => T | undefined,
): ProofOutcome<T> {
  const nodes = new Map(proof.map((bytes) => [hashFrom(nodeHash(bytes)), bytes]));
  const used = new Set<Hash>();
  const need: Need = (hash) => {
    const bytes = nodes.get(hash);
    if (bytes === undefined) throw new RangeError(`the proof lacks node ${hash}`);
    used.add(hash);
    return bytes;
  };
  try {
    const values = keys.map((key) => read(key, need));
    if (used.size !== proof.length) throw new RangeError('the proof holds nodes nobody needs');
    return { ok: true, values };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { ok: false, reason: error.message };
  }
}

function subtreeAt(root: Hash, path: Uint8Array, need: Need): string | undefined {
  let reference = fromHex(root);
  let at = 0;
  for (;;) {
    const bytes = reference.length === 32 ? need(hashFrom(reference)) : reference;
    if (bytes.length === 1 && bytes[0] === 0) return undefined;
    const node = decodeNode(bytes);
    const shared = sharedNibbles(node.partial, path, at);
    if (at + shared === path.length) return toHex(reference);
    if (shared < node.partial.length) return undefined;
    at += node.partial.length;
    const child = node.children[path[at++] ?? 0];
    if (child === undefined) return undefined;
    reference = child;
  }
}

function lookup(root: Hash, path: Uint8Array, need: Need): Uint8Array | undefined {
  const first = need(root);
  if (first.length === 1 && first[0] === 0) return undefined;
  let node: DecodedNode = decodeNode(first);
  let at = 0;
  for (;;) {
    if (sharedNibbles(node.partial, path, at) < node.partial.length) return undefined;
    at += node.partial.length;
    if (at === path.length) {
      return node.value?.hashed === true ? need(hashFrom(node.value.bytes)) : node.value?.bytes;
    }
    const child = node.children[path[at++] ?? 0];
    if (child === undefined) return undefined;
    node = decodeNode(child.length === 32 ? need(hashFrom(child)) : child);
  }
}

function hashFrom(bytes: Uint8Array): Hash {
  return asHash(toHex(bytes));
}
