import { isTallyError } from '@tallystick/kernel';
import {
  ed25519,
  sha256,
  signerFromSeed,
  systemClock,
  systemEntropy,
} from '@tallystick/kernel/node';
import { encodeFrame } from '@tallystick/protocol';
import { STRAIGHT } from '@tallystick/site';
import { nodeSigner, SiteBench } from '@tallystick/site/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestFleet } from '../testing/test-fleet.js';
import { BackOff } from './back-off.js';
import { FleetLink } from './fleet-link.js';
import { JobDesk } from './job-desk.js';

const AWAY = 'http://127.0.0.1:1';

describe('FleetLink with several coordinators', () => {
  let bench: SiteBench;
  let first: TestFleet;
  let second: TestFleet;
  let desk: JobDesk;
  let stop: AbortController;
  let running: Promise<unknown>;

  beforeEach(async () => {
    bench = await SiteBench.start();
    first = await TestFleet.start(bench);
    second = await TestFleet.start(bench);
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await running;
    await desk.stop();
    await first.close();
    await second.close();
    await bench.close();
  });

  /** Starts the link; `running` is what it ended with. */
  function connect(...urls: readonly string[]): void {
    const { agent, logger, identity } = bench;
    const backOff = (): BackOff => new BackOff(systemEntropy);
    desk = new JobDesk({ agent, clock: systemClock, logger, backOff });
    const crypto = { sha256, ed25519, entropy: systemEntropy };
    const link = new FleetLink(urls, {
      handshake: { identity, signer: nodeSigner(1), ...crypto, software: 'test/1' },
      backOff: backOff(),
      way: STRAIGHT,
      ...{ agent, desk, sha256, logger },
      clock: systemClock,
      onWelcome: () => undefined,
      onLost: () => undefined,
    });
    running = link.run(stop.signal).then(
      () => 'stopped',
      (error: unknown) => error,
    );
  }

  function lost(): string[] {
    return bench.logger.lines
      .filter(({ event }) => event === 'link.lost')
      .map(({ fields }) => String(fields['code']));
  }

  it('passes over one that is away and one that stands by', async () => {
    const message = 'http://other leads';
    const standby = encodeFrame({ kind: 'error', code: 'NET_STANDBY', message, hint: '' });
    first.script = { insteadOfWelcome: () => [standby] };
    connect(AWAY, first.url, second.url);
    await second.welcomed();
    expect(lost()).toEqual(['NET_UNREACHABLE', 'NET_STANDBY']);
  });

  it('H: pins one key for all of them', async () => {
    second.script = { welcomeSigner: signerFromSeed(new Uint8Array(32).fill(9)) };
    connect(AWAY, second.url);
    expect(isTallyError(await running, 'AUTH_COORDINATOR_KEY')).toBe(true);
  });

  it('leaves one that is frozen by the heartbeat of its welcome, and plays on with the next', async () => {
    first.script = { heartbeatMs: 50 };
    connect(first.url, second.url);
    await first.welcomed();
    const sinceMs = performance.now();
    first.freeze();
    await second.welcomed();
    expect(lost()).toEqual(['NET_TIMEOUT']);
    // Without the welcome's heartbeats, 60 s would pass (a ping each 30 s is the default); with them, 0.6 s do.
    expect(performance.now() - sinceMs).toBeLessThan(20_000);
    second.offer(bench.coordinator.offer());
    await second.seen('submit');
  });
});
