import { readdir } from 'node:fs/promises';
import { RoundList } from '@tallystick/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FuzzFrames } from '../testing/fuzz-frames.js';
import {
  type RunningCoordinator,
  TEST_RUN,
  testHome,
  type TestHome,
} from '../testing/test-deployment.js';
import { TestNode } from '../testing/test-node.js';
import { startTestPostgres, type TestPostgres } from '../testing/test-postgres.js';

const FRAMES = 100_000;
/** Frames that a hostile node gets rid of in one session, heard or not. */
const BURST = 250;
const ROUNDS = 20;
const seed = Number(process.env['TALLY_FUZZ_SEED'] ?? Date.now() % 2 ** 31);

/** Everything is real but the ledger: sockets, sessions, workers, PostgreSQL. */
describe(`a fleet with a hostile member (TALLY_FUZZ_SEED=${seed})`, () => {
  let postgres: TestPostgres;
  let home: TestHome;
  let coordinator: RunningCoordinator;
  let healthy: TestNode[];
  let hostile: TestNode;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await testHome(await postgres.database());
    coordinator = await home.start();
    const join = async (name: string): Promise<TestNode> => {
      const node = new TestNode(coordinator.api);
      await node.join(name);
      return node;
    };
    healthy = [await join('north'), await join('south')];
    hostile = await join('hostile');
    hostile.isAnswering = false;
    for (const node of healthy) await node.connect();
  });
  afterAll(async () => {
    await coordinator.stop();
    await home.remove();
    await postgres.stop();
  });

  /** Sends a burst after the welcome, or before it, and waits for the end of the socket. */
  async function burst(frames: FuzzFrames, isWelcome: boolean): Promise<number> {
    if (isWelcome) await hostile.connect();
    else hostile.open();
    const { socket } = hostile;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    if (!isWelcome) await new Promise((resolve) => socket.once('open', resolve));
    const { run = 0, round = 0 } = hostile.lastTask() ?? {};
    for (let sent = 0; sent < BURST; sent++) socket.send(frames.next({ run, round }));
    // Most bursts end the session by themselves; the rest of them hang up.
    socket.close();
    await closed;
    return BURST;
  }

  it('H: takes 100,000 hostile frames, and the others finish every round', async () => {
    const before = process.memoryUsage.rss();
    const spec = TEST_RUN.replace('rounds: 3', `rounds: ${ROUNDS}`);
    const { run } = await coordinator.api.launch(spec);
    const frames = new FuzzFrames(seed);
    let peak = 0;
    for (let sent = 0; sent < FRAMES;) {
      sent += await burst(frames, sent % (10 * BURST) !== 0);
      peak = Math.max(peak, process.memoryUsage.rss());
    }
    await expect
      .poll(async () => (await coordinator.api.run(run)).status, { timeout: 60_000 })
      .toBe('completed');
    const { rounds } = RoundList.parse(await coordinator.api.get(`runs/${run}/rounds`));
    expect(rounds.map(({ included }) => included)).toEqual(Array.from({ length: ROUNDS }, () => 2));
    expect(healthy.map(({ closed }) => closed)).toEqual([undefined, undefined]);
    expect((peak - before) / 2 ** 20).toBeLessThan(256);
    const faults = home.logger.lines.filter(({ level }) => level === 'error');
    expect(faults).toEqual([]);
    const internal = home.logger.lines.filter(({ fields }) => fields['code'] === 'INTERNAL');
    expect(internal).toEqual([]);
  }, 300_000);

  it('H: has nothing left of them: no slot, no file, no session', async () => {
    await expect
      .poll(async () => (await readdir(coordinator.deployment.spoolFolder)).length)
      .toBe(0);
    const node = new TestNode(coordinator.api);
    await node.join('late');
    await node.connect();
    const { run } = await coordinator.api.launch(TEST_RUN);
    await expect
      .poll(async () => (await coordinator.api.run(run)).status, { timeout: 30_000 })
      .toBe('completed');
  }, 60_000);
});
