import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asPublicKey, asSignature, fromHex, toHex } from '../index.js';
import * as node from '../node/index.js';
import * as web from './index.js';

const VECTORS = new URL('../../../../test-vectors/signatures.json', import.meta.url);

describe('the same answers as kernel/node', () => {
  test('SHA-256 of anything, in parts', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }), (parts) => {
        expect(web.sha256(...parts)).toBe(node.sha256(...parts));
      }),
    );
  });

  test('signatures, whole and with one bit changed', () => {
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(bytes, fc.uint8Array({ maxLength: 300 }), fc.nat(511), (seed, message, bit) => {
        const signer = node.signerFromSeed(seed);
        const signature = fromHex(signer.sign(message));
        const changed = signature.with(bit >> 3, (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
        for (const each of [signature, changed]) {
          const text = asSignature(toHex(each));
          const expected = node.ed25519.verify(signer.key, message, text);
          expect(expected).toBe(each === signature);
          expect(web.ed25519.verify(signer.key, message, text)).toBe(expected);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('every vector, those with small orders and S ≥ L among them', () => {
    const text = readFileSync(VECTORS, 'utf8');
    const found = cases(JSON.parse(text));
    expect(found.length).toBeGreaterThan(5);
    for (const { key, message, signature } of found) {
      const args = [asPublicKey(key), fromHex(message), asSignature(signature)] as const;
      expect(web.ed25519.verify(...args)).toBe(node.ed25519.verify(...args));
    }
  });
});

interface Case {
  readonly key: string;
  readonly message: string;
  readonly signature: string;
}

/** Every object of the file that has a key, a message and a signature. */
function cases(json: unknown): Case[] {
  if (typeof json !== 'object' || json === null) return [];
  const entry = json as Record<string, unknown>; // JSON of our own file
  const { key, message, signature } = entry;
  const own =
    typeof key === 'string' && typeof message === 'string' && typeof signature === 'string'
      ? [{ key, message, signature }]
      : [];
  return [...own, ...Object.values(entry).flatMap(cases)];
}
