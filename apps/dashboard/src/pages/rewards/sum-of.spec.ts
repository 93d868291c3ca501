import { expect, it } from 'vitest';
import { whole } from '../../parts/words.js';
import { sumOf } from './sum-of.js';

it('sums to the unit beyond 2^53', () => {
  const big = '9007199254740993';
  expect(sumOf([big, big, '1'])).toBe('18014398509481987');
  expect(sumOf([])).toBe('0');
  expect(whole(sumOf([big, '340282366920938463463374607431768211455']))).toBe(
    '340,282,366,920,938,463,463,383,614,631,022,952,448',
  );
});
