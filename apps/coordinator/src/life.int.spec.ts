import { RoundList, RunEvent, type RunView } from '@tallystick/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type RunningCoordinator,
  TEST_RUN,
  testHome,
  type TestHome,
} from './testing/test-deployment.js';
import { TestNode } from './testing/test-node.js';
import { startTestPostgres, type TestPostgres } from './testing/test-postgres.js';

const LONG = TEST_RUN.replace('rounds: 3', 'rounds: 6');

/** Runs that wait, rest, share their nodes and stop early. */
describe('the life of runs', () => {
  let postgres: TestPostgres;
  let home: TestHome;
  let coordinator: RunningCoordinator;
  let nodes: readonly TestNode[];

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    home = await testHome(await postgres.database());
    coordinator = await home.start();
    nodes = [new TestNode(coordinator.api), new TestNode(coordinator.api)];
    for (const [i, node] of nodes.entries()) {
      await node.join(`site-${i}`);
      await node.connect();
    }
  });
  afterEach(async () => {
    await coordinator.stop();
    await home.remove();
  });

  const view = (run: number): Promise<RunView> => coordinator.api.run(run);
  const launch = async (yaml: string): Promise<number> => (await coordinator.api.launch(yaml)).run;
  const ends = async (run: number): Promise<void> => {
    await expect.poll(async () => (await view(run)).status, { timeout: 30_000 }).toBe('completed');
  };

  async function models(run: number): Promise<string[]> {
    const { rounds } = RoundList.parse(await coordinator.api.get(`runs/${run}/rounds`));
    return rounds.map(({ modelAfter }) => modelAfter);
  }

  /** A new process over the same rows, with the same nodes. */
  async function restart(changes: { readonly maxPlaying?: number } = {}): Promise<void> {
    await coordinator.stop();
    coordinator = await home.start(changes);
    for (const node of nodes) await node.connect({}, coordinator.api);
  }

  async function toldOf(run: number): Promise<string[]> {
    const response = await coordinator.api.ask(`runs/${run}/events`);
    const reader = response.body?.getReader();
    const chunk = await reader?.read();
    await reader?.cancel();
    const text = new TextDecoder().decode(chunk?.value as Uint8Array | undefined);
    return [...text.matchAll(/^data: (.*)$/gm)].map(
      ([, json]) => RunEvent.parse(JSON.parse(json ?? '')).type,
    );
  }

  it('plays several runs at once over the same nodes, each to the models it has alone', async () => {
    const yamls = [1, 2, 3].map((seed) =>
      LONG.replace('init: zeros', 'init: glorotUniform').concat(`seed: ${seed}\n`),
    );
    const alone: string[][] = [];
    for (const yaml of yamls) {
      const run = await launch(yaml);
      await ends(run);
      alone.push(await models(run));
    }
    expect(new Set(alone.flat()).size).toBe(18);
    for (const node of nodes) node.isAnswering = false;
    const runs = await Promise.all(yamls.map(launch));
    const open = async (run: number): Promise<boolean> =>
      (await view(run)).current?.phase === 'collecting';
    await expect.poll(async () => (await Promise.all(runs.map(open))).every(Boolean)).toBe(true);
    await restart(); // all three are open at once, and each is offered again
    for (const node of nodes) node.isAnswering = true;
    for (const node of nodes) await node.connect({}, coordinator.api);
    for (const run of runs) await ends(run);
    const seedOf = new Map(
      await Promise.all(runs.map(async (run) => [run, await models(run)] as const)),
    );
    expect(runs.map((run) => seedOf.get(run))).toEqual(alone);
  });

  it('lets the runs beyond its places wait in the order of their launch, across a restart', async () => {
    await restart({ maxPlaying: 1 });
    for (const node of nodes) node.isAnswering = false;
    const [first, second, third] = [
      await launch(TEST_RUN),
      await launch(TEST_RUN),
      await launch(TEST_RUN),
    ];
    await expect.poll(async () => (await view(first)).current?.phase).toBe('collecting');
    expect(await view(second)).toMatchObject({ status: 'queued', queue: 1, current: null });
    expect(await view(third)).toMatchObject({ status: 'queued', queue: 2 });
    expect(await coordinator.api.post(`runs/${second}/stop`, {})).toMatchObject({
      status: 'cancelled',
      queue: null,
    });
    await restart({ maxPlaying: 1 });
    expect(await view(first)).toMatchObject({ status: 'running', queue: null });
    expect(await view(third)).toMatchObject({ status: 'queued', queue: 1 });
    for (const node of nodes) node.isAnswering = true;
    for (const node of nodes) await node.connect({}, coordinator.api);
    await ends(first);
    await ends(third);
  });

  it('finishes the open round of a paused run, rests across a restart, and goes on', async () => {
    const whole = await launch(TEST_RUN);
    await ends(whole);
    for (const node of nodes) node.isAnswering = false;
    const run = await launch(TEST_RUN);
    await expect.poll(async () => (await view(run)).current?.phase).toBe('collecting');
    const { api } = coordinator;
    expect(await api.post(`runs/${run}/pause`, {})).toMatchObject({
      status: 'paused',
      current: { round: 0 },
    });
    await api.post(`runs/${run}/pause`, {}); // harmless
    for (const node of nodes) {
      const task = node.lastTask();
      node.isAnswering = true;
      if (task !== undefined) await node.contribute(task);
    }
    const closed = async (): Promise<number> => (await view(run)).closedRounds;
    await expect.poll(closed).toBe(1);
    await restart();
    expect(await view(run)).toMatchObject({ status: 'paused', closedRounds: 1, current: null });
    await coordinator.api.post(`runs/${run}/resume`, {});
    await ends(run);
    expect(await models(run)).toEqual(await models(whole));
    const told = await toldOf(run);
    expect(told.filter((type) => type.startsWith('run.'))).toEqual([
      'run.started',
      'run.paused',
      'run.resumed',
      'run.completed',
    ]);
  });

  it('gives the place of a paused run to the next, and stops a paused run', async () => {
    await restart({ maxPlaying: 1 });
    for (const node of nodes) node.isAnswering = false;
    const [first, second] = [await launch(LONG), await launch(TEST_RUN)];
    await expect.poll(async () => (await view(first)).current?.phase).toBe('collecting');
    await coordinator.api.post(`runs/${first}/pause`, {});
    for (const node of nodes) {
      const task = node.lastTask();
      node.isAnswering = true;
      if (task !== undefined) await node.contribute(task);
    }
    await ends(second);
    expect(await view(first)).toMatchObject({ status: 'paused', closedRounds: 1 });
    await expect(coordinator.api.post(`runs/${second}/pause`, {})).rejects.toThrow('USAGE_INVALID');
    expect(await coordinator.api.post(`runs/${first}/stop`, {})).toMatchObject({
      status: 'cancelled',
    });
    await expect(coordinator.api.post(`runs/${first}/resume`, {})).rejects.toThrow('USAGE_INVALID');
  });

  it('stops early, says why, and shows the best model', async () => {
    const run = await launch(`${LONG}earlyStop: { patience: 2 }\n`); // these nodes say the same loss for ever
    await ends(run);
    const [afterFirst] = await models(run);
    const done = await view(run);
    expect(done).toMatchObject({ closedRounds: 3, best: { round: 0, loss: 900_000_000 } });
    expect(done.best?.model).toBe(done.genesisModel);
    expect(done.best?.model).not.toBe(afterFirst);
    expect(done.reason).toMatch(/^stopped early: 2 rounds/);
  });
});
