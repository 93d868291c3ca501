import { expect, it } from 'vitest';
import { closest } from './closest.js';

const keys = ['rounds', 'window', 'maxEmptyRounds', 'seed'];

it.each([
  ['round', 'rounds'],
  ['Rounds', 'rounds'],
  ['sead', 'seed'],
  ['maxEmptyRouds', 'maxEmptyRounds'],
  ['max_empty_rounds', 'maxEmptyRounds'],
  ['colour', undefined],
  ['x', undefined],
  ['', undefined],
  ['r'.repeat(1000), undefined],
])('%s → %s', (word, near) => {
  expect(closest(word, keys)).toBe(near);
});
