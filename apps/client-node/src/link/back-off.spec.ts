import { SeededEntropy } from '@tallystick/kernel/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BackOff } from './back-off.js';

/** Entropy of one repeated byte. */
const constant = (byte: number) => ({ bytes: (n: number) => new Uint8Array(n).fill(byte) });

describe('BackOff', () => {
  it('doubles from 250 ms up to 4 s, and starts over', () => {
    const backOff = new BackOff(constant(255));
    const delays = Array.from({ length: 8 }, () => backOff.next());
    expect(delays).toEqual([250, 500, 1000, 2000, 4000, 4000, 4000, 4000]);
    backOff.reset();
    expect(backOff.next()).toBe(250);
  });

  it('stays between half and all of a delay, and spreads', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1 }), (seed) => {
        const backOff = new BackOff(new SeededEntropy(seed));
        for (const fullMs of [250, 500, 1000, 2000, 4000, 4000]) {
          const delayMs = backOff.next();
          expect(delayMs).toBeGreaterThanOrEqual(fullMs / 2);
          expect(delayMs).toBeLessThanOrEqual(fullMs);
        }
      }),
    );
    expect(new BackOff(constant(0)).next()).toBe(125);
  });

  it('never overflows', () => {
    const backOff = new BackOff(constant(255));
    for (let i = 0; i < 5_000; i++) backOff.next();
    expect(backOff.next()).toBe(4000);
  });
});
