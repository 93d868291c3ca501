import { LIMITS } from '@tallystick/protocol';
import { describe, expect, it } from 'vitest';
import { addressBlock } from '../address-block.js';
import { Admission } from './admission.js';

describe('addressBlock', () => {
  it.each([
    ['192.168.7.9', '192.168.7.0/24'],
    ['::ffff:10.1.2.3', '10.1.2.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
    ['2001:db8::1', '2001:db8:0::/48'],
    ['::1', '0:0:0::/48'],
    ['fe80::1%eth0', 'fe80:0:0::/48'],
  ])('%s is in %s', (address, block) => expect(addressBlock(address)).toBe(block));
});

describe('Admission', () => {
  it('bounds one address block without touching another', () => {
    const admission = new Admission();
    for (let i = 0; i < LIMITS.maxPendingPerAddress; i++) {
      expect(admission.enter(`10.0.0.${i}`)).toBeDefined();
    }
    expect(admission.enter('10.0.0.99')).toBeUndefined();
    expect(admission.enter('10.0.1.1')).toBeDefined();
  });

  it('bounds all of them together and gives a place back once', () => {
    const admission = new Admission();
    const leave = admission.enter('10.255.0.1');
    for (let i = 1; i < LIMITS.maxPending; i++) admission.enter(`10.${i >> 8}.${i & 255}.1`);
    expect(admission.enter('11.0.0.1')).toBeUndefined();
    leave?.();
    leave?.();
    expect(admission.pending).toBe(LIMITS.maxPending - 1);
    expect(admission.enter('11.0.0.1')).toBeDefined();
    expect(admission.enter('11.0.1.1')).toBeUndefined();
  });
});
