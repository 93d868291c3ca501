import { concatBytes, toHex, utf8 } from '@tallystick/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compact } from '../scale.js';
import { keyText } from '../storage-key.js';
import { decodeNode, encodeNode, nodeHash, type StateVersion } from './node-codec.js';
import { orderedRoot } from './ordered-root.js';
import { nibbles, Trie } from './trie.js';
import { must } from '../../testing/must.js';

/** Short keys over few letters, so that paths are shared. */
const key = fc
  .array(fc.constantFrom(0x00, 0x01, 0x10, 0x11, 0xff), { maxLength: 4 })
  .map((bytes) => keyText(Uint8Array.from(bytes)));
/** Around the 33 bytes from which version 1 hashes, and the 32 from which a node is referred to by hash. */
const value = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ minLength: 30, maxLength: 34 }),
);
const entries = fc.array(fc.tuple(key, value), { maxLength: 30 });
const version = fc.constantFrom<StateVersion>(0, 1);

function trieOf(map: ReadonlyMap<string, Uint8Array>): Trie {
  return [...map].reduce((trie, [k, v]) => trie.set(k, v), Trie.empty);
}

/** Root by the definition, straight from the sorted map; shares no code with the trie. */
function naiveRoot(map: ReadonlyMap<string, Uint8Array>, v: StateVersion): Uint8Array {
  const rows = [...map].map(([k, bytes]) => ({ path: [...nibbles(k)], bytes }));
  return nodeHash(rows.length === 0 ? Uint8Array.of(0) : naiveNode(rows, v));
}

function naiveNode(rows: { path: number[]; bytes: Uint8Array }[], v: StateVersion): Uint8Array {
  let shared = 0;
  const [first] = rows;
  while (rows.every(({ path }) => shared < path.length && path[shared] === first.path[shared]))
    shared++;
  const own = rows.find(({ path }) => path.length === shared)?.bytes;
  const isLeaf = rows.length === 1;
  const hashed = v === 1 && own !== undefined && own.length > 32;
  const [prefix, limit] = isLeaf
    ? hashed
      ? [0x20, 31]
      : [0x40, 63]
    : own === undefined
      ? [0x80, 63]
      : hashed
        ? [0x10, 15]
        : [0xc0, 63];
  const head = shared < limit ? [prefix + shared] : [prefix + limit, shared - limit];
  const partial = first.path.slice(0, shared);
  const padded = shared % 2 === 1 ? [0, ...partial] : partial;
  const packed = padded.flatMap((n, i) => (i % 2 === 0 ? [n * 16 + padded[i + 1]] : []));
  const groups = Array.from({ length: 16 }, (_, n) =>
    rows
      .filter(({ path }) => path[shared] === n)
      .map(({ bytes, path }) => ({ bytes, path: path.slice(shared + 1) })),
  );
  const bits = groups.reduce((sum, group, n) => sum + (group.length > 0 ? 2 ** n : 0), 0);
  const children = groups.flatMap((group) => {
    if (group.length === 0) return [];
    const node = naiveNode(group, v);
    const reference = node.length < 32 ? node : nodeHash(node);
    return [compact(reference.length), reference];
  });
  const stored = own === undefined ? [] : hashed ? [nodeHash(own)] : [compact(own.length), own];
  const bitmap = isLeaf ? [] : [bits % 256, Math.floor(bits / 256)];
  return concatBytes(Uint8Array.from([...head, ...packed, ...bitmap]), ...stored, ...children);
}

describe('trie', () => {
  test('root of nothing is the one every Substrate chain has', () => {
    const root = '03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314';
    expect(toHex(Trie.empty.root(0))).toBe(root);
    expect(toHex(Trie.empty.root(1))).toBe(root);
    expect(toHex(orderedRoot([], 0))).toBe(root);
  });

  test('node encodings of sp-trie: one leaf, and two leaves below a branch', () => {
    const leaf = Trie.empty.set('\u00aa', Uint8Array.of(0xbb));
    expect(toHex(encodeNode(must(leaf.node), 0))).toBe('42aa04bb');
    const two = Trie.empty
      .set('\u0048\u0019', Uint8Array.of(0xfe))
      .set('\u0013\u0014', Uint8Array.of(0xff));
    expect(toHex(encodeNode(must(two.node), 0))).toBe(
      '80120014430314' + '04ff' + '14430819' + '04fe',
    );
  });

  test('behaves like a map with sorted keys, and old tries never change', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), key, value }),
      fc.record({ kind: fc.constant('delete' as const), key }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const map = new Map<string, Uint8Array>();
        let trie = Trie.empty;
        const past: { trie: Trie; root: string }[] = [];
        for (const s of steps) {
          if (s.kind === 'set') map.set(s.key, s.value);
          else map.delete(s.key);
          trie = s.kind === 'set' ? trie.set(s.key, s.value) : trie.delete(s.key);
          past.push({ trie, root: toHex(trieOf(map).root()) });
        }
        for (const [k, v] of map) expect(trie.get(k)).toBe(v);
        for (const { key: k } of steps) expect(trie.get(k)).toBe(map.get(k));
        const sorted = [...map.keys()].sort();
        for (const { key: k } of steps) {
          expect(trie.nextKey(k)).toBe(sorted.find((other) => other > k));
        }
        for (const { root, trie: old } of past) expect(toHex(old.root())).toBe(root);
      }),
    );
  });

  test('has the root the definition gives, whatever the order of writing', () => {
    fc.assert(
      fc.property(entries, version, (rows, v) => {
        const map = new Map(rows);
        expect(toHex(trieOf(map).root(v))).toBe(toHex(naiveRoot(map, v)));
        const reversed = new Map([...map].reverse());
        expect(toHex(trieOf(reversed).root(v))).toBe(toHex(naiveRoot(map, v)));
      }),
    );
  });

  test('long paths spill over into further length bytes', () => {
    for (const length of [14, 15, 16, 30, 31, 32, 62, 63, 64, 159, 160, 161]) {
      const trie = Trie.empty
        .set('k'.repeat(length), utf8('v'))
        .set('k'.repeat(2 * length), utf8('w'));
      const node = decodeNode(encodeNode(must(trie.node), 1));
      expect(node.partial).toEqual(nibbles('k'.repeat(length)));
    }
  });

  test('decodes what it encodes, and nothing cut short or longer', () => {
    fc.assert(
      fc.property(
        entries.filter((rows) => rows.length > 0),
        version,
        (rows, v) => {
          const node = must(trieOf(new Map(rows)).node);
          const bytes = encodeNode(node, v);
          const decoded = decodeNode(bytes);
          expect(decoded.partial).toEqual(node.partial);
          expect(decoded.value?.bytes.length ?? -1).toBe(
            node.value === undefined ? -1 : decoded.value?.hashed ? 32 : node.value.bytes.length,
          );
          expect(() => decodeNode(bytes.subarray(0, bytes.length - 1))).toThrow(RangeError);
          expect(() => decodeNode(concatBytes(bytes, Uint8Array.of(0)))).toThrow(RangeError);
        },
      ),
    );
  });

  test('mutant: the rule for hashed values matters from 33 bytes on', () => {
    const short = Trie.empty.set('k', new Uint8Array(32));
    const long = Trie.empty.set('k', new Uint8Array(33));
    expect(toHex(short.root(0))).toBe(toHex(short.root(1)));
    expect(toHex(long.root(0))).not.toBe(toHex(long.root(1)));
  });
});
