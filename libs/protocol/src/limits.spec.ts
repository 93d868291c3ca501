import { HEADER, MEMBER, TASK } from '@tallystick/record';
import { expect, it } from 'vitest';
import { encodeFrame } from './frames/frame.js';
import { LIMITS } from './limits.js';

it('lets the largest offer into one head and one payload', () => {
  const wire = (size: number): string => '0'.repeat(2 * (size + 64));
  const headers = Array.from({ length: LIMITS.maxOfferHeaders }, () => wire(HEADER.size));
  const frame = encodeFrame({ kind: 'offer', task: wire(TASK.size), headers });
  expect(frame.length).toBeLessThanOrEqual(4 + LIMITS.maxHeadBytes);
  expect(LIMITS.maxCohort * MEMBER.size).toBeLessThanOrEqual(LIMITS.chunkBytes);
});

it('has proofs long enough for the largest cohort', () => {
  expect(2 ** LIMITS.maxProofSteps).toBeGreaterThanOrEqual(LIMITS.maxCohort);
});
