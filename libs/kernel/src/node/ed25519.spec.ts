import { describe, expect, it } from 'vitest';
import { asPublicKey } from '../index.js';
import { ed25519, signerFromSeed, verifyInPool } from './ed25519.js';

const MESSAGE = new Uint8Array([1, 2, 3]);

describe('ed25519', () => {
  it('tells keys apart however many it has seen, and a kept key keeps its answers', () => {
    const signers = Array.from({ length: 5_000 }, (_, i) => {
      const seed = new Uint8Array(32);
      new DataView(seed.buffer).setUint32(0, i);
      return signerFromSeed(seed);
    });
    const first = signers.slice(0, 3);
    for (const [i, signer] of [...first, ...signers.slice(3), ...first].entries()) {
      const signature = signer.sign(MESSAGE);
      expect(ed25519.verify(signer.key, MESSAGE, signature)).toBe(true);
      const other = signers[(i + 1) % signers.length]?.key ?? signer.key;
      expect(ed25519.verify(other, MESSAGE, signature)).toBe(false);
    }
  });

  it('calls what is no key a wrong signature, every time', () => {
    const signature = signerFromSeed(new Uint8Array(32)).sign(MESSAGE);
    const none = asPublicKey('ff'.repeat(32));
    for (let i = 0; i < 2; i++) expect(ed25519.verify(none, MESSAGE, signature)).toBe(false);
  });

  it('gives the same answers on a thread of the pool', async () => {
    const signer = signerFromSeed(new Uint8Array(32));
    const signature = signer.sign(MESSAGE);
    const other = signerFromSeed(new Uint8Array(32).fill(1)).key;
    const none = asPublicKey('ff'.repeat(32));
    expect(await verifyInPool(signer.key, MESSAGE, signature)).toBe(true);
    expect(await verifyInPool(other, MESSAGE, signature)).toBe(false);
    expect(await verifyInPool(none, MESSAGE, signature)).toBe(false);
    expect(await verifyInPool(signer.key, new Uint8Array(3), signature)).toBe(false);
  });
});
