import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DISCOUNTS, discounted } from './staleness.js';

describe('discount of old updates', () => {
  it('is the published table: 2¹⁶ ÷ √(1 + lag), rounded, for 0 to 64', () => {
    expect(DISCOUNTS).toHaveLength(65);
    DISCOUNTS.forEach((discount, lag) => {
      // |2·T·√(1+lag) − 2¹⁷| < √(1+lag), squared: no square root decides
      const above = (2 * discount + 1) ** 2 * (1 + lag);
      const below = (2 * discount - 1) ** 2 * (1 + lag);
      expect(below).toBeLessThan(2 ** 34);
      expect(above).toBeGreaterThan(2 ** 34);
    });
  });

  it('never raises a weight, never takes all of it, and leaves a fresh one alone', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 22n }), fc.nat({ max: 64 }), (weight, lag) => {
        const less = discounted(weight, lag);
        expect(less).toBeGreaterThanOrEqual(1n);
        expect(less).toBeLessThanOrEqual(weight);
        expect(less).toBeGreaterThanOrEqual(lag === 64 ? 1n : discounted(weight, lag + 1));
        expect(discounted(weight, 0)).toBe(weight);
      }),
    );
    expect(discounted(100n, 1)).toBe(70n);
    expect(discounted(100n, 3)).toBe(50n);
    expect(discounted(1n, 64)).toBe(1n);
  });
});
