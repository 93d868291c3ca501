import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS, RoundList, type RunView } from '@tallystick/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type RunningCoordinator,
  TEST_RUN,
  testHome,
  type TestHome,
} from './testing/test-deployment.js';
import { TestNode } from './testing/test-node.js';
import { startTestPostgres, type TestPostgres } from './testing/test-postgres.js';

/** What happens to a run when the process, the database or the operator interrupts it. */
describe('an interrupted run', () => {
  let postgres: TestPostgres;
  let home: TestHome;
  let coordinator: RunningCoordinator;
  let nodes: readonly [TestNode, TestNode];

  beforeAll(async () => {
    postgres = await startTestPostgres('own');
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

  async function models(run: number): Promise<string[]> {
    await expect.poll(async () => (await view(run)).committedRounds, { timeout: 20_000 }).toBe(3);
    const { rounds } = RoundList.parse(await coordinator.api.get(`runs/${run}/rounds`));
    return rounds.map(({ modelAfter }) => modelAfter);
  }

  it('goes on with the same round after a drain, and keeps what was accepted', async () => {
    const [first, second] = nodes;
    const whole = await models((await coordinator.api.launch(TEST_RUN)).run);

    second.isAnswering = false;
    const { run } = await coordinator.api.launch(TEST_RUN);
    await expect.poll(async () => (await view(run)).current?.waitingFor).toEqual([1]);
    await coordinator.stop();
    expect(first.closed?.code).toBe(1001);
    expect(first.heads.at(-1)?.kind).toBe('drain');

    coordinator = await home.start();
    await expect.poll(async () => (await view(run)).current?.included).toBe(1);
    expect(await view(run)).toMatchObject({ status: 'running', current: { round: 0 } });
    second.isAnswering = true;
    for (const node of nodes) await node.connect({}, coordinator.api);
    expect(await models(run)).toEqual(whole);
    expect((await view(run)).status).toBe('completed');
  });

  it('F: PostgreSQL killed in the middle, the same round goes on', async () => {
    const [, second] = nodes;
    const whole = await models((await coordinator.api.launch(TEST_RUN)).run);
    second.isAnswering = false;
    const { run } = await coordinator.api.launch(TEST_RUN);
    await expect.poll(async () => (await view(run)).current?.waitingFor).toEqual([1]);
    const task = second.lastTask();
    if (task === undefined) throw new Error('no offer');
    const answer = await second.answer(task);
    const restart = await postgres.kill();
    const error = second.next('error');
    second.upload(task, answer).catch(() => undefined);
    expect(await error).toMatchObject({ code: 'STORE_DATABASE' });
    expect((await fetch(`${coordinator.api.url}/ready`)).status).toBe(503);
    second.isAnswering = true; // once the database is back, the round is offered again
    await restart();
    expect(await models(run)).toEqual(whole);
    expect((await fetch(`${coordinator.api.url}/ready`)).status).toBe(200);
  });

  it('goes on with a half-sent update in the middle, over a new connection', async () => {
    const [, second] = nodes;
    second.isAnswering = false;
    const { run } = await coordinator.api.launch(LARGE_RUN);
    await expect.poll(() => second.lastTask()?.run, { timeout: 20_000 }).toBe(run);
    const task = second.lastTask();
    if (task === undefined) throw new Error('no offer');
    const answer = await second.answer(task);
    expect(answer.bytes.length).toBeGreaterThan(LIMITS.chunkBytes);
    const at = { run, round: task.round };
    const begin = { ...at, update: answer.update, bytes: answer.bytes.length };
    second.send({ kind: 'upload.begin', ...begin });
    expect((await second.next('upload.credit')).offset).toBe(0);
    const first = answer.bytes.subarray(0, LIMITS.chunkBytes);
    second.send({ kind: 'upload.chunk', ...at, offset: 0 }, first);
    await expect.poll(async () => (await spooled(home.folder))[0]).toBe(LIMITS.chunkBytes);
    second.socket.terminate();
    await second.connect();
    second.send({ kind: 'upload.begin', ...begin });
    expect((await second.next('upload.credit')).offset).toBe(LIMITS.chunkBytes);
    const rest = answer.bytes.subarray(LIMITS.chunkBytes);
    second.send({ kind: 'upload.chunk', ...at, offset: LIMITS.chunkBytes }, rest);
    second.send({ kind: 'submit', ...at, receipt: answer.receipt });
    expect(await second.next('verdict')).toMatchObject({ outcome: 'accepted' });
    await expect.poll(async () => (await view(run)).status).toBe('completed');
    expect(await spooled(home.folder)).toEqual([]);
  });

  it('tells a node how a run ended, also after a restart', async () => {
    const [first] = nodes;
    const { run } = await coordinator.api.launch(TEST_RUN);
    const [, , last] = await models(run);
    await coordinator.stop();
    coordinator = await home.start();
    const before = first.heads.length;
    await first.connect({}, coordinator.api);
    const results = (): unknown[] =>
      first.heads.slice(before).filter(({ kind }) => kind === 'result');
    await expect.poll(() => results().length).toBe(3);
    expect(results().at(-1)).toMatchObject({ run, round: 2, model: last, inclusion: { index: 0 } });
  });

  it('ends as cancelled when it is stopped, and stays so', async () => {
    nodes[0].isAnswering = false;
    const { api } = coordinator;
    const { run } = await api.launch(TEST_RUN);
    await expect.poll(async () => (await view(run)).current?.phase).toBe('collecting');
    expect(await api.post(`runs/${run}/stop`, {})).toMatchObject({ status: 'cancelled' });
    await expect(api.post(`runs/${run}/stop`, {})).rejects.toThrow('USAGE_INVALID');
    await coordinator.stop();
    coordinator = await home.start();
    expect(await view(run)).toMatchObject({ status: 'cancelled', current: null });
  });

  it('F: refuses to start over a chain that holds something else', async () => {
    await models((await coordinator.api.launch(TEST_RUN)).run);
    const other = await testHome(await postgres.database());
    await coordinator.stop();
    await expect(home.start({ ledger: other.ledger })).rejects.toMatchObject({
      code: 'LEDGER_CONFLICT',
    });
    await other.remove();
    coordinator = await home.start();
  });
});

/** One round whose update has two chunks. */
const LARGE_RUN = TEST_RUN.replace('layers: [', 'layers: [ { dense: { units: 65536 } },').replace(
  'rounds: 3',
  'rounds: 1',
);

/** Sizes of the files in the spool folder. */
async function spooled(folder: string): Promise<number[]> {
  const spool = join(folder, 'spool');
  return Promise.all(
    (await readdir(spool)).map(async (name) => (await stat(join(spool, name))).size),
  );
}
