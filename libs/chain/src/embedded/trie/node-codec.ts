import { concatBytes } from '@tallystick/kernel';
import { blake2b256 } from '../hashing.js';
import { opaque, ScaleReader } from '../scale.js';
import type { TrieNode, TrieValue } from './trie-node.js';

/** Substrate's state version: 1 stores values of 33 bytes and more by their hash, 0 stores all of them in the node. */
export type StateVersion = 0 | 1;

const HASHED_FROM_BYTES = 33;

/** Header bits of sp-trie's node kinds: first byte = prefix | number of nibbles, if it fits into the low bits. */
const LEAF = { prefix: 0x40, sizeBits: 6 };
const BRANCH = { prefix: 0x80, sizeBits: 6 };
const BRANCH_WITH_VALUE = { prefix: 0xc0, sizeBits: 6 };
const LEAF_WITH_HASH = { prefix: 0x20, sizeBits: 5 };
const BRANCH_WITH_HASH = { prefix: 0x10, sizeBits: 4 };

/** Hash of an encoded node or of a hashed value. */
export const nodeHash: (bytes: Uint8Array) => Uint8Array = blake2b256;

/** True iff a node of this version holds the hash of `value` instead of the value. */
export function isHashed(value: TrieValue | undefined, version: StateVersion): boolean {
  return version === 1 && value !== undefined && value.bytes.length >= HASHED_FROM_BYTES;
}

/** Hash of a value, computed once. */
export function hashOfValue(value: TrieValue): Uint8Array {
  return (value.hash ??= nodeHash(value.bytes));
}

/** SCALE bytes of a node: header, partial path, [bitmap], [value or its hash], [references of the children]. */
export function encodeNode(node: TrieNode, version: StateVersion): Uint8Array {
  const { children, partial, value } = node;
  const hashed = isHashed(value, version);
  const parts = [header(kindOf(node, hashed), partial.length), packNibbles(partial)];
  if (children !== undefined) parts.push(bitmap(children));
  if (value !== undefined) {
    parts.push(hashed ? hashOfValue(value) : opaque(value.bytes));
  }
  for (const child of children ?? []) {
    if (child !== undefined) parts.push(opaque(reference(child, version)));
  }
  return concatBytes(...parts);
}

/** How a parent names its child: the encoding itself below 32 bytes, else its hash. */
export function reference(node: TrieNode, version: StateVersion): Uint8Array {
  if (node.merkle?.version === version) return node.merkle.reference;
  const encoded = encodeNode(node, version);
  const bytes = encoded.length < 32 ? encoded : nodeHash(encoded);
  node.merkle = { version, reference: bytes };
  return bytes;
}

function kindOf(node: TrieNode, hashed: boolean): typeof LEAF {
  if (node.children === undefined) return hashed ? LEAF_WITH_HASH : LEAF;
  if (node.value === undefined) return BRANCH;
  return hashed ? BRANCH_WITH_HASH : BRANCH_WITH_VALUE;
}

function header(kind: typeof LEAF, size: number): Uint8Array {
  const limit = 2 ** kind.sizeBits - 1;
  if (size < limit) return Uint8Array.of(kind.prefix | size);
  const out = [kind.prefix | limit];
  let rest = size - limit;
  for (; rest >= 255; rest -= 255) out.push(255);
  return Uint8Array.from([...out, rest]);
}

/** Two nibbles per byte; an odd count starts with a half byte. */
function packNibbles(partial: Uint8Array): Uint8Array {
  const odd = partial.length % 2;
  return Uint8Array.from({ length: (partial.length + odd) / 2 }, (_, i) => {
    const at = 2 * i - odd;
    return ((partial[at] ?? 0) << 4) | (partial[at + 1] ?? 0);
  });
}

function bitmap(children: readonly unknown[]): Uint8Array {
  const bits = children.reduce<number>(
    (sum, child, nibble) => (child === undefined ? sum : sum | (1 << nibble)),
    0,
  );
  return Uint8Array.of(bits & 0xff, bits >> 8);
}

/** A node as a proof carries it: children are references, not nodes. */
export interface DecodedNode {
  readonly partial: Uint8Array;
  readonly value: { readonly bytes: Uint8Array; readonly hashed: boolean } | undefined;
  readonly children: readonly (Uint8Array | undefined)[];
}

/** Reverse of `encodeNode`; throws RangeError on anything that `encodeNode` does not write. */
export function decodeNode(bytes: Uint8Array): DecodedNode {
  const input = new ScaleReader(bytes);
  const first = input.u8();
  const kind = [LEAF, BRANCH, BRANCH_WITH_VALUE, LEAF_WITH_HASH, BRANCH_WITH_HASH].find(
    ({ prefix, sizeBits }) => first >> sizeBits === prefix >> sizeBits,
  );
  if (kind === undefined) throw new RangeError(`unknown node header ${first}`);
  const partial = unpackNibbles(input, readSize(input, first, kind.sizeBits));
  const isLeaf = kind === LEAF || kind === LEAF_WITH_HASH;
  const bits = isLeaf ? 0 : input.uint(2);
  const hashed = kind === LEAF_WITH_HASH || kind === BRANCH_WITH_HASH;
  const value =
    kind === BRANCH ? undefined : { bytes: hashed ? input.take(32) : input.opaque(), hashed };
  const children = Array.from({ length: isLeaf ? 0 : 16 }, (_, nibble) =>
    (bits & (1 << nibble)) === 0 ? undefined : input.opaque(),
  );
  input.end();
  return { partial, value, children };
}

function readSize(input: ScaleReader, first: number, sizeBits: number): number {
  const limit = 2 ** sizeBits - 1;
  let size = first & limit;
  if (size < limit) return size;
  for (let more = 255; more === 255; size += more) more = input.u8();
  return size;
}

function unpackNibbles(input: ScaleReader, size: number): Uint8Array {
  const odd = size % 2;
  const packed = input.take((size + odd) / 2);
  if (odd === 1 && (packed[0] ?? 0) > 15) throw new RangeError('padding of a path is not zero');
  return Uint8Array.from({ length: size }, (_, i) => {
    const byte = packed[(i + odd) >> 1] ?? 0;
    return (i + odd) % 2 === 0 ? byte >> 4 : byte & 15;
  });
}
