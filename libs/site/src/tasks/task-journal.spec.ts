import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asRunId } from '@tallystick/kernel';
import { MemoryLogger, VirtualClock } from '@tallystick/kernel/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testHash } from '../testing/index.js';
import type { TaskChange } from './task-change.js';
import { TaskJournal } from './task-journal.js';

const RUN = asRunId(0);
const sent = {
  sha256: testHash('update'),
  bytes: 10,
  norm: 0.5,
  rows: 172,
  lossBefore: 1,
  lossAfter: null,
};

describe('TaskJournal', () => {
  let folder: string;
  let path: string;
  let clock: VirtualClock;
  let logger: MemoryLogger;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-tasks-'));
    path = join(folder, 'tasks.log');
    clock = new VirtualClock();
    logger = new MemoryLogger();
  });
  afterEach(() => rm(folder, { recursive: true }));

  const open = (): Promise<TaskJournal> => TaskJournal.open(path, { clock, logger });
  const asked = (round: number, task = testHash(`task ${round}`)): TaskChange => {
    return { run: RUN, round, kind: 'asked', task, cohort: 4 };
  };

  it('tells what became of a task, also after a restart', async () => {
    const journal = await open();
    const startMs = clock.nowMs();
    journal.take(asked(0));
    await clock.advance(5);
    journal.take({ run: RUN, round: 0, kind: 'stage', stage: 'train' });
    expect(journal.tasks[0]).toMatchObject({
      state: 'working',
      stage: 'train',
      changedAtMs: clock.nowMs(),
    });
    await clock.advance(5);
    journal.take({ run: RUN, round: 0, kind: 'signed', task: testHash('task 0'), sent });
    journal.take({ run: RUN, round: 0, kind: 'promised' });
    journal.take({ run: RUN, round: 0, kind: 'closed', isCounted: true });
    await journal.close();
    const again = await open();
    expect(again.tasks).toEqual(journal.tasks);
    expect(again.tasks[0]).toMatchObject({
      ...{ state: 'counted', stage: null, askedAtMs: startMs, changedAtMs: startMs + 10 },
      sent: { ...sent, signedAtMs: startMs + 10 },
    });
  });

  it('keeps the first of two tasks of one round, and what is said of it alone', async () => {
    const journal = await open();
    journal.take(asked(0));
    journal.take(asked(0, testHash('another')));
    const other = { code: 'ROUND_ALREADY_SIGNED', message: 'no' } as const;
    journal.take({ run: RUN, round: 0, kind: 'declined', task: testHash('another'), ...other });
    expect(journal.tasks).toMatchObject([{ task: testHash('task 0'), state: 'asked' }]);
  });

  it('does not take a round for closed that this site sent nothing to', async () => {
    const journal = await open();
    journal.take(asked(0));
    journal.take({ run: RUN, round: 0, kind: 'closed', isCounted: false });
    journal.take({ run: RUN, round: 1, kind: 'closed', isCounted: false });
    expect(journal.tasks).toMatchObject([{ state: 'asked' }]);
  });

  it('remembers the newest 512, and its file does not grow without end', async () => {
    const journal = await open();
    for (let round = 0; round < 560; round++) {
      journal.take(asked(round));
      for (let i = 0; i < 15; i++) {
        const stage = i % 2 === 0 ? 'train' : 'encode';
        journal.take({ run: RUN, round, kind: 'stage', stage });
      }
      if (round % 8 === 0) await journal.close(); // waits for the writes
    }
    await journal.close();
    expect(journal.tasks.map(({ round }) => round)).toEqual(
      Array.from({ length: 512 }, (_, i) => 559 - i),
    );
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n').length;
    expect(lines).toBeLessThanOrEqual(8_192);
    expect((await open()).tasks).toEqual(journal.tasks);
  });

  it('leaves a damaged line and a torn end out, says so, and goes on', async () => {
    const journal = await open();
    journal.take(asked(0));
    await journal.close();
    await appendFile(path, '{"run":0}\nnonsense\n{"run":0,"rou');
    const again = await open();
    expect(again.tasks).toEqual(journal.tasks);
    again.take(asked(1));
    await again.close();
    expect((await open()).tasks.map(({ round }) => round)).toEqual([1, 0]);
    expect(logger.lines.filter(({ event }) => event === 'tasks.line_damaged')).toHaveLength(3);
  });

  it('H: a disk that does not take it stops nothing', async () => {
    const nowhere = await TaskJournal.open(join(folder, 'none', 'tasks.log'), { clock, logger });
    nowhere.take(asked(0));
    await nowhere.close();
    expect(nowhere.tasks).toHaveLength(1);
    expect(logger.lines.map(({ event }) => event)).toEqual(['tasks.not_written']);
  });

  it('H: forgets a file that is larger than any of ours', async () => {
    await writeFile(path, '');
    const { truncate } = await import('node:fs/promises');
    await truncate(path, 64 * 1024 * 1024 + 1);
    expect((await open()).tasks).toEqual([]);
    expect(logger.lines.map(({ event }) => event)).toEqual(['tasks.unreadable']);
  });
});
