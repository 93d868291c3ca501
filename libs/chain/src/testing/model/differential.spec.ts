import { expect, it } from 'vitest';
import { type Counts, walk } from './differential.js';

const counts = (): Counts => ({ calls: new Map(), results: new Map(), difference: undefined });

it('the wasm and the model agree on every call and on all that is stored', async () => {
  const seen = counts();
  await walk({ seed: 1, calls: 110 }, seen);
  expect(seen.difference).toBeUndefined(); // it names the seed
  expect(seen.calls.size).toBeGreaterThan(12);
  expect(seen.results.size).toBeGreaterThan(15);
}, 60_000);

it('finds a window that is open for a moment too long', async () => {
  const seen = counts();
  const isOpen = (nowMs: bigint, sinceMs: bigint, lengthMs: bigint): boolean =>
    nowMs <= sinceMs + lengthMs;
  await walk({ seed: 1, calls: 300, isOpen }, seen);
  expect(seen.difference).toMatch(/^seed 1, block \d+: /);
}, 60_000);
