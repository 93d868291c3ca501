import { MemoryBlobStore } from '@tallystick/blobs';
import { asHash, asRunId, type Hash, utf8 } from '@tallystick/kernel';
import { MemoryLogger, VirtualClock } from '@tallystick/kernel/testing';
import { encodeSheet } from '@tallystick/payout';
import { expect, it } from 'vitest';
import { ScoreDesk } from './score-desk.js';
import type { ScoringJob } from './scoring-job.js';

const SEED = asHash('0a'.repeat(32));
const JOB: ScoringJob = {
  ...{ blobFolder: '/nowhere', spec: '{}', specHash: SEED },
  files: { epoch: 0, seed: SEED, rounds: [], before: [] },
};
const AT = { run: asRunId(1), epoch: 0, lastRound: 4 };
const SHEET = { epoch: 0, seed: SEED, rounds: [], scores: [], tallies: [] };

/** A desk whose scores come and fail when the test says so. */
function deskOf() {
  const blobs = new MemoryBlobStore();
  const clock = new VirtualClock();
  const started: { done: (id: Hash) => void; fail: (error: Error) => void }[] = [];
  const score = (_job: ScoringJob, signal: AbortSignal): Promise<Hash> =>
    new Promise((done, fail) => {
      started.push({ done, fail });
      signal.addEventListener('abort', () => fail(new Error('aborted')));
    });
  const desk = new ScoreDesk({ blobs, clock, logger: new MemoryLogger(), score });
  const ask = (at = AT) => desk.sheetOf(at, () => Promise.resolve(JOB));
  return { blobs, clock, started, desk, ask };
}

it('answers at once while it scores, one epoch at a time, and then with the sheet', async () => {
  const { blobs, started, ask } = deskOf();
  expect(await ask()).toBeUndefined();
  expect(await ask()).toBeUndefined();
  expect(await ask({ ...AT, epoch: 1 })).toBeUndefined();
  expect(started).toHaveLength(1);
  const id = await blobs.put(utf8(encodeSheet(SHEET)));
  started[0]?.done(id);
  await Promise.resolve();
  expect(await ask()).toEqual({ id, sheet: SHEET });
  expect(started).toHaveLength(1);
});

it('tries again a minute after a failure', async () => {
  const { clock, started, ask } = deskOf();
  await ask();
  started[0]?.fail(new Error('no memory'));
  await clock.advance(1);
  await ask();
  expect(started).toHaveLength(1);
  await clock.advance(60_000);
  await ask();
  expect(started).toHaveLength(2);
});

it('ends what it does when it is stopped', async () => {
  const { started, ask, desk } = deskOf();
  await ask();
  await desk.stop();
  await ask();
  expect(started).toHaveLength(2);
});
