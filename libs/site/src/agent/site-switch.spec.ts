import { VirtualClock } from '@tallystick/kernel/testing';
import { DECLINE, DeclineReason, decodeSigned } from '@tallystick/record';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Intake } from '../intake/intake.js';
import { SiteBench, testSpec } from '../testing/index.js';
import type { TaskChange } from '../tasks/task-change.js';

/** A site with a switch, and everything that it says of its tasks. */
describe('a site that its people can stop', () => {
  let bench: SiteBench;
  let intake: Intake;
  let told: TaskChange[];
  let onTraining = (): void => undefined;
  beforeEach(async () => {
    told = [];
    await start();
  });
  afterEach(() => bench.close());

  async function start(run = testSpec()): Promise<void> {
    bench = await SiteBench.start({ run });
    intake = await Intake.open(bench.folder, new VirtualClock());
    const onTask = (change: TaskChange): void => {
      told.push(change);
      if (change.kind === 'stage' && change.stage === 'train') onTraining();
    };
    await bench.restart({ intake, onTask });
  }

  /** Resolves when the next training has begun. */
  const training = (): Promise<void> => new Promise((resolve) => (onTraining = resolve));

  const kinds = (): string[] =>
    told.map((change) => (change.kind === 'stage' ? change.stage : change.kind));

  it('tells what was asked before it runs, and what was sent after it', async () => {
    const offer = bench.coordinator.offer();
    const { update, bytes, receipt } = await bench.update(offer);
    expect(kinds()).toEqual(['asked', 'read', 'download', 'train', 'encode', 'signed']);
    expect(told[1]).toMatchObject({
      ask: { name: 'heart', purpose: 'DUO:0000007', label: 'num above 0', columns: ['age', 'sex'] },
    });
    const weights = bench.trainer.requests[0]?.weights.length ?? 0;
    expect(told.at(-1)).toMatchObject({
      sent: { sha256: update, bytes, rows: 172, lossBefore: 700_000_000, lossAfter: 500_000_000 },
    });
    expect(told.at(-1)).toHaveProperty('sent.norm', expect.closeTo(0.125 * Math.sqrt(weights), 6));
    await bench.agent.promised(bench.coordinator.run, 0, bench.coordinator.promise(receipt));
    await bench.agent.concluded(bench.finish(offer, [receipt]), bench.signal);
    expect(told.slice(-2)).toMatchObject([
      { kind: 'promised' },
      { kind: 'closed', isCounted: true },
    ]);
  });

  it('tells why it declined, in its own words', async () => {
    const other = testSpec((yaml) => yaml.replace('DUO:0000007', 'DUO:0000042'));
    await bench.close();
    await start(other);
    await bench.decline();
    expect(kinds()).toEqual(['asked', 'read', 'declined']);
    expect(told.at(-1)).toMatchObject({ code: 'POLICY_PURPOSE' });
  });

  it('paused: declines what is new, finishes what it has begun, measures nothing', async () => {
    let release = (): void => undefined;
    bench.trainer.gate = new Promise((resolve) => (release = resolve));
    const isTraining = training();
    const begun = bench.update();
    await isTraining;
    await intake.set('paused');
    release();
    await begun;
    bench.finish(bench.coordinator.offer());
    const { code, wire } = await bench.decline();
    expect([code, decodeSigned(DECLINE, wire).value.reason]).toEqual([
      'POLICY_PAUSED',
      DeclineReason.policy,
    ]);
    const model = bench.run.model.id;
    await expect(
      bench.agent.evaluate(bench.coordinator.run, model, bench.signal),
    ).rejects.toMatchObject({ code: 'POLICY_PAUSED' });
    await intake.set('open');
    bench.finish(bench.coordinator.offer());
    await bench.update();
  });

  it('withdrawn: ends the work at once, signs no receipt, sends none again', async () => {
    const first = bench.coordinator.offer();
    await bench.update(first);
    bench.finish(first);
    const second = bench.coordinator.offer();
    bench.trainer.gate = new Promise((_resolve, reject) => {
      // what a trainer does when its signal aborts
      intake.stopped.addEventListener('abort', () => reject(new Error('stopped')));
    });
    const isTraining = training();
    const begun = bench.decline(second);
    await isTraining;
    expect(bench.trainer.requests[1]?.signal?.aborted).toBe(false);
    await intake.set('withdrawn');
    expect(bench.trainer.requests[1]?.signal?.aborted).toBe(true);
    expect((await begun).code).toBe('POLICY_WITHDRAWN');
    expect((await bench.decline(first)).code).toBe('POLICY_WITHDRAWN');
    expect((await bench.kinds()).filter((kind) => kind === 'receipt')).toHaveLength(1);
  });
});
