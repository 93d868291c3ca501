import { expect, it } from 'vitest';
import { roundBytes } from './testing/round-bytes.js';

it('E: a round costs the chain the same, whatever its cohort; figure 31 of the bench holds it to its bar', async () => {
  const small = await roundBytes(2);
  expect(small.extrinsic).toBeGreaterThan(401); // the signed header is in it
  expect(small.events).toBeGreaterThan(0);
  expect(small.storage).toBeGreaterThan(32);
  const large = await roundBytes(10_000);
  expect(large).toEqual(small);
});
