import { fromHex, toHex } from '@tallystick/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashOf } from '../hex.js';
import { keyText } from '../storage-key.js';
import { proveKeys, verifyReadProof } from './read-proof.js';
import { Trie } from './trie.js';

const key = fc.uint8Array({ minLength: 1, maxLength: 3 }).map(keyText);
const rows = fc.array(fc.tuple(key, fc.uint8Array({ maxLength: 50 })), { maxLength: 40 });

function trieOf(entries: readonly (readonly [string, Uint8Array])[]): Trie {
  return entries.reduce((trie, [k, v]) => trie.set(k, v), Trie.empty);
}

describe('read proofs', () => {
  test('prove the value of present keys and the absence of others', () => {
    fc.assert(
      fc.property(rows, fc.array(key, { minLength: 1, maxLength: 5 }), (entries, absent) => {
        const trie = trieOf(entries);
        const keys = [...entries.slice(0, 5).map(([k]) => k), ...absent];
        const outcome = verifyReadProof(hashOf(trie.root()), proveKeys(trie, keys), keys);
        expect(outcome).toEqual({ ok: true, values: keys.map((k) => trie.get(k)) });
      }),
    );
  });

  test('mutants: any changed bit, missing, added or foreign node, and another root are refused', () => {
    fc.assert(
      fc.property(
        rows.filter((r) => r.length > 2),
        fc.nat(),
        fc.nat(),
        (entries, a, b) => {
          const trie = trieOf(entries);
          const keys = [entries[0][0]];
          const root = hashOf(trie.root());
          const proof = proveKeys(trie, keys);
          const at = a % proof.length;
          const byte = b % proof[at].length;
          const flipped = proof.with(at, proof[at].with(byte, proof[at][byte] ^ (1 << (a % 8))));
          expect(verifyReadProof(root, flipped, keys).ok).toBe(false);
          expect(verifyReadProof(root, proof.toSpliced(at, 1), keys).ok).toBe(false);
          expect(verifyReadProof(root, [...proof, fromHex('00')], keys).ok).toBe(false);
          expect(verifyReadProof(root, [...proof, proof[at]], keys).ok).toBe(false);
          const other = hashOf(trie.set('other', new Uint8Array(3)).root());
          expect(verifyReadProof(other, proof, keys).ok).toBe(false);
        },
      ),
    );
  });

  test('a proof of absence cannot hide a value', () => {
    const trie = trieOf([
      ['ab', new Uint8Array(40)],
      ['ac', Uint8Array.of(1)],
    ]);
    const proof = proveKeys(trie, ['zz']);
    expect(verifyReadProof(hashOf(trie.root()), proof, ['zz'])).toEqual({
      ok: true,
      values: [undefined],
    });
    expect(verifyReadProof(hashOf(trie.root()), proof, ['ab']).ok).toBe(false);
  });

  test('the empty state proves every absence', () => {
    const proof = proveKeys(Trie.empty, ['k']);
    expect(proof.map(toHex)).toEqual(['00']);
    expect(verifyReadProof(hashOf(Trie.empty.root()), proof, ['k'])).toEqual({
      ok: true,
      values: [undefined],
    });
  });
});
