import { expect, it } from 'vitest';
import { roundBytes } from './testing/round-bytes.js';

const MAX_BYTES = 1_000;

it('E: a round costs the chain at most 1,000 bytes, the same whatever its cohort', async () => {
  const small = await roundBytes(2);
  expect(small.extrinsic).toBeGreaterThan(401); // the signed header is in it
  expect(small.events).toBeGreaterThan(0);
  expect(small.storage).toBeGreaterThan(32);
  expect(small.extrinsic + small.events + small.storage).toBeLessThanOrEqual(MAX_BYTES);
  const large = await roundBytes(10_000);
  expect(large).toEqual(small);
});
