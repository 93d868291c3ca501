import { ed25519, sha256, systemClock, systemEntropy } from '@tallystick/kernel/node';
import { STRAIGHT } from '@tallystick/site';
import { nodeSigner, SiteBench, testSpec } from '@tallystick/site/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestFleet } from '../testing/test-fleet.js';
import { BackOff } from './back-off.js';
import { FleetLink } from './fleet-link.js';
import { JobDesk } from './job-desk.js';

/** Updates may be two rounds old. */
const RUN = testSpec(
  (yaml) =>
    `${yaml.replace('count: { min: 2 }', 'count: { min: 2, max: 2 }')}asynchronous: { maxStaleness: 2 }\n`,
);

describe('FleetLink in asynchronous rounds', () => {
  let bench: SiteBench;
  let fleet: TestFleet;
  let desk: JobDesk;
  const stop = new AbortController();
  let running: Promise<void>;

  beforeEach(async () => {
    bench = await SiteBench.start({ run: RUN });
    fleet = await TestFleet.start(bench, {
      promise: (_, receipt) => bench.coordinator.promise(receipt, 1),
    });
    const { agent, logger, identity } = bench;
    const backOff = (): BackOff => new BackOff(systemEntropy);
    desk = new JobDesk({ agent, clock: systemClock, logger, backOff });
    const handshake = {
      ...{ identity, sha256, ed25519, entropy: systemEntropy },
      signer: nodeSigner(1),
      software: 'test/1',
    };
    const crypto = { sha256, clock: systemClock };
    const deps = { handshake, way: STRAIGHT, backOff: backOff(), agent, desk, ...crypto, logger };
    const told = { onWelcome: () => undefined, onLost: () => undefined };
    running = new FleetLink([fleet.url], { ...deps, ...told }).run(stop.signal);
    await fleet.welcomed();
  });
  afterEach(async () => {
    stop.abort();
    await running;
    await desk.stop();
    await fleet.close();
    await bench.close();
  });

  const concluded = (): number =>
    bench.logger.lines.filter(({ event }) => event === 'round.concluded').length;

  it('goes on with work that a round closed without, as long as it may count', async () => {
    let open = (): void => undefined;
    bench.trainer.gate = new Promise((resolve) => {
      open = resolve;
    });
    const offer = bench.coordinator.offer();
    fleet.offer(offer);
    await expect.poll(() => bench.trainer.requests.length).toBe(1);
    fleet.result(bench.finish(offer));
    await expect.poll(concluded).toBe(1);
    open();
    const [submit] = await fleet.seen('submit');
    if (submit?.kind !== 'submit') throw new Error('no submit');
    expect(submit.round).toBe(0);
    await expect.poll(() => bench.kinds()).toContain('promise');
    fleet.result(bench.finish(bench.coordinator.offer(), [submit.receipt]));
    await expect.poll(concluded).toBe(2);
    expect((await bench.kinds()).slice(-2)).toEqual(['header', 'inclusion']);
    expect(await bench.evidence()).toEqual([]);
  });
});
