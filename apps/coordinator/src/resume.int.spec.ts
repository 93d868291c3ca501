import { RoundList, type RunView } from '@tallystick/protocol';
import { decodeSigned, TASK } from '@tallystick/record';
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
    postgres = await startTestPostgres('safe');
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
    const offer = second.heads.findLast((head) => head.kind === 'offer');
    if (offer?.kind !== 'offer') throw new Error('no offer');
    const task = decodeSigned(TASK, offer.task).value;
    const answer = await second.answer(task);
    const restart = await postgres.kill();
    const error = second.next('error');
    void second.upload(task, answer);
    expect(await error).toMatchObject({ code: 'STORE_DATABASE' });
    expect((await fetch(`${coordinator.api.url}/ready`)).status).toBe(503);
    second.isAnswering = true; // once the database is back, the round is offered again
    await restart();
    expect(await models(run)).toEqual(whole);
    expect((await fetch(`${coordinator.api.url}/ready`)).status).toBe(200);
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
    await expect(home.start({ ledger: other.ledger })).rejects.toMatchObject({
      code: 'LEDGER_CONFLICT',
    });
    await other.remove();
  });
});
