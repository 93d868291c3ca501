import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@tallystick/kernel/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Intake } from './intake.js';

describe('Intake', () => {
  let folder: string;
  const clock = new VirtualClock();
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-intake-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('takes tasks until somebody says otherwise, and remembers it', async () => {
    const intake = await Intake.open(folder, clock);
    expect([intake.state, intake.sinceMs, intake.refusal()]).toEqual([
      'open',
      undefined,
      undefined,
    ]);
    await intake.set('paused');
    const again = await Intake.open(folder, clock);
    expect([again.state, again.refusal()?.code]).toEqual(['paused', 'POLICY_PAUSED']);
    expect(again.stopped.aborted).toBe(false);
    await again.set('open');
    expect((await Intake.open(folder, clock)).refusal()).toBeUndefined();
  });

  it('stops what is at work when it withdraws; only taking tasks again undoes it', async () => {
    const intake = await Intake.open(folder, clock);
    const { stopped } = intake;
    await intake.set('withdrawn');
    expect(stopped.aborted).toBe(true);
    await intake.set('paused');
    const again = await Intake.open(folder, clock);
    expect([again.state, again.refusal()?.code]).toEqual(['withdrawn', 'POLICY_WITHDRAWN']);
    expect(again.stopped.aborted).toBe(true);
    await again.set('open');
    expect([again.refusal(), again.stopped.aborted]).toEqual([undefined, false]);
  });

  it.each(['', '{}', '{"state":"maybe","sinceMs":0}'])(
    'H: does not guess what a damaged file said: %s',
    async (text) => {
      await writeFile(join(folder, 'intake.json'), text);
      await expect(Intake.open(folder, clock)).rejects.toMatchObject({
        code: 'DATA_FILE_UNREADABLE',
      });
    },
  );
});
