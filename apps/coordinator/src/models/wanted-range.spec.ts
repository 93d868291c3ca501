import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wantedRange } from './wanted-range.js';

describe('wantedRange', () => {
  it.each([
    [undefined, undefined],
    ['bytes=0-9', { start: 0, end: 10 }],
    ['bytes=5-', { start: 5, end: 100 }],
    ['bytes=-3', { start: 97, end: 100 }],
    ['bytes=-300', { start: 0, end: 100 }],
    ['bytes=90-500', { start: 90, end: 100 }],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=9-5', undefined],
    ['bytes=0-1,5-6', undefined],
    ['items=0-1', undefined],
    ['bytes=-', undefined],
  ])('%s', (header, range) => expect(wantedRange(header, 100)).toEqual(range));

  it('never leaves the blob', () => {
    const headers = fc.oneof(
      fc.string(),
      fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
    );
    fc.assert(
      fc.property(headers, fc.nat(1_000), (header, size) => {
        const range = wantedRange(header, size);
        if (typeof range !== 'object') return;
        expect(range.start).toBeLessThan(range.end);
        expect(range.end).toBeLessThanOrEqual(size);
      }),
    );
  });
});
