import { decodeAddress, encodeAddress } from '@polkadot/util-crypto';
import { fromHex, toHex } from '@tallystick/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ss58Account, ss58Address } from './ss58.js';
import { ALICE } from '../testing/development-chain.js';

describe('SS58', () => {
  test('the development account', () => {
    const address = '5FA9nQDVg267DEd8m1ZypXLBnvN7SFxYwV7ndqSYGiN9TTpu';
    expect(ss58Address(ALICE.key)).toBe(address);
    expect(ss58Account(address)).toBe(ALICE.key);
  });

  test('equals an independent implementation', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.constantFrom(0, 2, 42, 63),
        (account, prefix) => {
          const address = ss58Address(toHex(account), prefix);
          expect(address).toBe(encodeAddress(account, prefix));
          expect(fromHex(ss58Account(address))).toEqual(decodeAddress(address));
        },
      ),
    );
  });

  test('refuses every address with one letter changed', () => {
    const address = ss58Address(ALICE.key);
    for (let at = 0; at < address.length; at++) {
      const letter = address.charAt(at) === 'z' ? 'y' : 'z';
      const changed = address.slice(0, at) + letter + address.slice(at + 1);
      expect(() => ss58Account(changed)).toThrow(RangeError);
    }
    for (const odd of ['', '0', address.slice(1), `${address}1`, 'z'.repeat(100)]) {
      expect(() => ss58Account(odd)).toThrow(RangeError);
    }
  });
});
