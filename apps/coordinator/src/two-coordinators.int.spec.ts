import { ErrorBody, RoundList } from '@tallystick/protocol';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type RunningCoordinator,
  TEST_RUN,
  testHome,
  type TestHome,
} from './testing/test-deployment.js';
import { TestNode } from './testing/test-node.js';
import { startTestPostgres, type TestPostgres } from './testing/test-postgres.js';

const LEASE_MS = 1_500;

/** Two coordinators over one database, one ledger and one blob folder. */
describe('two coordinators', () => {
  let postgres: TestPostgres;
  let home: TestHome;
  let leader: RunningCoordinator;
  let standby: RunningCoordinator;
  let nodes: readonly [TestNode, TestNode];

  beforeAll(async () => {
    postgres = await startTestPostgres('own');
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    home = await testHome(await postgres.database());
    leader = await home.start({ leaseMs: LEASE_MS });
    standby = await home.start({ leaseMs: LEASE_MS });
    nodes = [new TestNode(leader.api), new TestNode(leader.api)];
    for (const [i, node] of nodes.entries()) {
      await node.join(`site-${i}`);
      await node.connect();
    }
  });
  afterEach(async () => {
    await leader.stop();
    await standby.stop();
    await home.remove();
  });

  /** One update of round 0 is accepted, the other one is missing. */
  async function halfARound(): Promise<number> {
    nodes[1].isAnswering = false;
    const { run } = await leader.api.launch(TEST_RUN);
    await expect.poll(async () => (await leader.api.run(run)).current?.waitingFor).toEqual([1]);
    return run;
  }

  async function finish(run: number): Promise<string[]> {
    nodes[1].isAnswering = true;
    for (const node of nodes) await node.connect({}, standby.api);
    return models(run);
  }

  async function models(run: number): Promise<string[]> {
    await expect
      .poll(async () => (await standby.api.run(run)).committedRounds, { timeout: 20_000 })
      .toBe(3);
    const { rounds } = RoundList.parse(await standby.api.get(`runs/${run}/rounds`));
    return rounds.map(({ modelAfter }) => modelAfter);
  }

  it('one leads; the other answers reads, and sends writes and nodes to it', async () => {
    const { run } = await leader.api.launch(TEST_RUN);
    expect(await standby.api.run(run)).toMatchObject({ run, name: 'tiny' });
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ organisation: 'late' });
    // It leads with an address once it has listened for a third of a lease.
    await expect
      .poll(async () => {
        const response = await standby.api.ask('invites', { method: 'POST', body, headers });
        const { error } = ErrorBody.parse(await response.json());
        return [response.status, error.code, error.message.includes(leader.api.url)];
      })
      .toEqual([503, 'NET_STANDBY', true]);
    expect((await fetch(`${standby.api.url}/ready`)).status).toBe(503);
    expect((await fetch(`${leader.api.url}/ready`)).status).toBe(200);
    const [node] = nodes;
    void node.connect({}, standby.api);
    await expect.poll(() => node.closed).toEqual({ code: 4503, reason: 'NET_STANDBY' });
    // The leader's session of the same node may be given an offer meanwhile.
    const errors = node.heads.filter(({ kind }) => kind === 'error');
    expect(errors).toMatchObject([{ code: 'NET_STANDBY' }]);
  });

  it('goes on with the same round when the leader drains', async () => {
    const run = await halfARound();
    const sinceMs = performance.now();
    await leader.stop();
    await expect.poll(async () => (await standby.api.run(run)).current?.included).toBe(1);
    expect(performance.now() - sinceMs).toBeLessThan(2_000);
    expect(await finish(run)).toHaveLength(3);
    leader = await home.start({ leaseMs: LEASE_MS }); // stands by now
    expect((await fetch(`${leader.api.url}/ready`)).status).toBe(503);
  });

  it('F: one that lost its lease without knowing writes nothing, sends its nodes away and stands by', async () => {
    const run = await halfARound();
    const task = nodes[1].lastTask();
    if (task === undefined) throw new Error('no offer');
    const answer = await nodes[1].answer(task);
    await endLeaseSession(leader.deployment.databaseUrl);
    await expect.poll(async () => (await standby.api.run(run)).current?.included).toBe(1);
    // The old leader still has the socket of the node: its promise would be one too many.
    nodes[1].upload(task, answer).catch(() => undefined);
    await expect.poll(() => nodes[1].closed?.code).toBe(4503);
    expect(nodes[1].heads.some(({ kind }) => kind === 'verdict')).toBe(false);
    expect((await fetch(`${leader.api.url}/ready`)).status).toBe(503);
    expect((await standby.api.run(run)).current).toMatchObject({ round: 0, included: 1 });
    expect(await finish(run)).toHaveLength(3);
  });

  it('F: PostgreSQL killed and started again: somebody leads, and the same round goes on', async () => {
    const run = await halfARound();
    const restart = await postgres.kill();
    await restart();
    nodes[1].isAnswering = true;
    const over = new AbortController();
    for (const node of nodes) {
      let turn = 0;
      const next = (): RunningCoordinator['api'] => (turn++ % 2 === 0 ? leader : standby).api;
      void node.stayConnected(next, over.signal);
    }
    expect(await models(run)).toHaveLength(3);
    over.abort();
  });
});

async function endLeaseSession(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database d ON d.oid = database
     WHERE locktype = 'advisory' AND datname = current_database()`,
  );
  await client.end();
}
