import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isVoid, lastCounting, nextCounting, type VoidSpan } from './void-span.js';

/** Spans as the pallet keeps them: ascending, apart, each at least 1,024 numbers long. */
const spans = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1_024, max: 1_100 })), {
    maxLength: 5,
  })
  .map((gaps) => {
    const found: VoidSpan[] = [];
    let end = -1;
    for (const [gap, length] of gaps) {
      const from = end + gap;
      found.push({ from, until: from + length });
      end = from + length;
    }
    return found;
  });

describe('void spans', () => {
  it('say of each number what a walk over all numbers says', () => {
    fc.assert(
      fc.property(spans, fc.integer({ min: 0, max: 6_000 }), (voids, round) => {
        const isIn = (n: number): boolean => voids.some((span) => span.from <= n && n < span.until);
        expect(isVoid(voids, round)).toBe(isIn(round));
        let next = round;
        while (isIn(next)) next++;
        expect(nextCounting(voids, round)).toBe(next);
        let last = round;
        while (last >= 0 && isIn(last)) last--;
        expect(lastCounting(voids, round)).toBe(last < 0 ? undefined : last);
      }),
    );
  });

  it('begins at the first number: nothing before it counts', () => {
    const voids = [{ from: 0, until: 1_026 }];
    expect(lastCounting(voids, 3)).toBeUndefined();
    expect(nextCounting(voids, 0)).toBe(1_026);
    expect(lastCounting(voids, 1_026)).toBe(1_026);
  });
});
