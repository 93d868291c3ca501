import { xxhashAsU8a } from '@polkadot/util-crypto';
import { fromHex, toHex, utf8 } from '@tallystick/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { twox128, twox64 } from './hashing.js';
import { blake2b128concat, keyBytes, keyText, storageKey, twox64concat } from './storage-key.js';
import { ALICE } from '../testing/development-chain.js';
import { xxh64 } from './xxh64.js';

describe('storage keys', () => {
  test('XXH64 reference values', () => {
    expect(xxh64(utf8(''), 0n)).toBe(0xef46db3751d8e999n);
    expect(xxh64(utf8('a'), 0n)).toBe(0xd24ec4f1a98c6e5bn);
    expect(xxh64(utf8('Nobody inspects the spammish repetition'), 0n)).toBe(0xfbcea83c8a378bf1n);
  });

  test('twox equals an independent implementation for every length around the stripes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(twox64(bytes)).toEqual(xxhashAsU8a(bytes, 64));
        expect(twox128(bytes)).toEqual(xxhashAsU8a(bytes, 128));
      }),
    );
  });

  test('keys of FRAME items as polkadot-js shows them', () => {
    expect(toHex(storageKey('System', 'Account'))).toBe(
      '26aa394eea5630e07c48ae0c9558cef7b99d880ec681799c0cf30e8886371da9',
    );
    expect(toHex(storageKey('Timestamp', 'Now'))).toBe(
      'f0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb',
    );
    const account = storageKey('System', 'Account', blake2b128concat(fromHex(ALICE.key)));
    expect(toHex(account).slice(64 + 32)).toBe(ALICE.key);
    const round = storageKey('Tally', 'Rounds', twox64concat(Uint8Array.of(1, 0, 0, 0)));
    expect(round.length).toBe(32 + 8 + 4);
  });

  test('key texts keep bytes and their order', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        expect(keyBytes(keyText(a))).toEqual(a);
        expect(keyText(a) < keyText(b)).toBe(Buffer.compare(a, b) < 0);
      }),
    );
  });
});
