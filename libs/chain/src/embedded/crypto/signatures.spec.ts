import { ed25519 as noble } from '@noble/curves/ed25519.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { Keyring } from '@polkadot/keyring';
import { fromHex, toHex, utf8 } from '@tallystick/kernel';
import { ed25519 as native } from '@tallystick/kernel/node';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blake2b256 } from '../hashing.js';
import { recoverEcdsa } from './ecdsa.js';
import { verifyEd25519 } from './ed25519.js';
import { SignatureCache } from './signature-cache.js';
import { verifySr25519 } from './sr25519.js';

const byte = fc.record({ at: fc.nat({ max: 63 }), bit: fc.nat({ max: 7 }) });

function flip(bytes: Uint8Array, { at, bit }: { at: number; bit: number }): Uint8Array {
  const place = at % bytes.length;
  return bytes.with(place, bytes[place] ^ (1 << bit));
}

describe.each([
  { scheme: 'ed25519' as const, verify: verifyEd25519 },
  { scheme: 'sr25519' as const, verify: verifySr25519 },
])('$scheme', ({ scheme, verify }) => {
  const pair = new Keyring({ type: scheme }).addFromUri('//Alice');

  test('accepts what the reference implementation signs', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
        expect(verify(pair.sign(message), message, pair.publicKey)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test('mutants: a changed bit in signature, message or key is refused', () => {
    const message = utf8('forty bytes of text, or something like it');
    const signature = pair.sign(message);
    fc.assert(
      fc.property(byte, (b) => {
        expect(verify(flip(signature, b), message, pair.publicKey)).toBe(false);
        expect(verify(signature, flip(message, b), pair.publicKey)).toBe(false);
        expect(verify(signature, message, flip(pair.publicKey, b))).toBe(false);
      }),
      { numRuns: 20 },
    );
  });
});

test('ed25519: what OpenSSL refuses and ZIP-215 accepts is accepted, as in a Substrate node', () => {
  // small-order key and R, S = 0: the cofactored equation holds for every message
  const point = fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');
  const signature = new Uint8Array([...point, ...new Uint8Array(32)]);
  const messages = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => Uint8Array.of(n));
  const verdicts = messages.map((message) => ({
    zip215: verifyEd25519(signature, message, point),
    native: native.verify(toHex(point) as never, message, toHex(signature) as never),
  }));
  expect(verdicts.every(({ zip215 }) => zip215)).toBe(true);
  expect(verdicts.some((verdict) => !verdict.native)).toBe(true);
  const high = noble.CURVE.n.toString(16).padStart(64, '0');
  const malleable = new Uint8Array([...point, ...fromHex(high).reverse()]);
  expect(verifyEd25519(malleable, messages[0], point)).toBe(false);
});

describe('ECDSA recovery', () => {
  const key = fromHex('11'.repeat(32));
  const publicKey = secp256k1.getPublicKey(key, true);
  const digest = blake2b256(utf8('message'));
  const signed = secp256k1.sign(digest, key);
  const signature = new Uint8Array([...signed.toBytes('compact'), signed.recovery]);

  test('gives the signer, with both numberings of v', () => {
    expect(recoverEcdsa(signature, digest)).toEqual(publicKey);
    expect(recoverEcdsa(signature.with(64, signed.recovery + 27), digest)).toEqual(publicKey);
  });

  test('gives another key for another digest, and names what is wrong otherwise', () => {
    expect(recoverEcdsa(signature, flip(digest, { at: 0, bit: 0 }))).not.toEqual(publicKey);
    for (const v of [4, 26, 31, 255])
      expect(recoverEcdsa(signature.with(64, v), digest)).toBe('badV');
    expect(recoverEcdsa(new Uint8Array(65).fill(0xff, 0, 32), digest)).toBe('badRS');
    expect(recoverEcdsa(new Uint8Array(65).fill(0xff, 32, 64), digest)).toBe('badRS');
    expect(recoverEcdsa(new Uint8Array(65), digest)).toBe('badSignature');
  });
});

test('the signature cache asks once, keeps schemes apart, and is bounded', () => {
  const cache = new SignatureCache(2);
  let asked = 0;
  const verify = (): boolean => ++asked > 0;
  const signed = (n: number) => ({
    signature: Uint8Array.of(n),
    message: Uint8Array.of(n),
    publicKey: Uint8Array.of(n),
  });
  cache.verify('a', verify, signed(1));
  cache.verify('a', verify, signed(1));
  expect(asked).toBe(1);
  cache.verify('b', verify, signed(1));
  expect(asked).toBe(2);
  cache.verify('a', verify, signed(2));
  cache.verify('a', verify, signed(1));
  expect(asked).toBe(4);
});
