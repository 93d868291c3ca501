/** A stored value. Shared by all copies of its node, so that its hash is computed once. */
export class TrieValue {
  readonly bytes: Uint8Array;
  /** BLAKE2b-256 of `bytes`, once somebody asked for it. */
  hash: Uint8Array | undefined = undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** Children by nibble, 16 places. */
export type Children = readonly (TrieNode | undefined)[];

/**
 * Immutable node of a radix-16 trie. Sharing unchanged subtrees between states gives every past state for the price of
 * its differences.
 */
export class TrieNode {
  /** Nibbles between the parent's branching and this node, one per byte. */
  readonly partial: Uint8Array;
  readonly value: TrieValue | undefined;
  /** Undefined for a leaf. */
  readonly children: Children | undefined;
  /** How a parent refers to this node, once encoded; see node-codec.ts. */
  merkle: { readonly version: 0 | 1; readonly reference: Uint8Array } | undefined = undefined;

  constructor(partial: Uint8Array, value: TrieValue | undefined, children?: Children) {
    this.partial = partial;
    this.value = value;
    this.children = children;
  }
}

/** Number of nibbles that `partial` shares with `path` from `offset` on. */
export function sharedNibbles(partial: Uint8Array, path: Uint8Array, offset: number): number {
  const limit = Math.min(partial.length, path.length - offset);
  let shared = 0;
  while (shared < limit && partial[shared] === path[offset + shared]) shared++;
  return shared;
}
