import { asRunId, type RunId } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { HeaderList, RoundList, VoidList } from '@tallystick/protocol';
import { decodeSigned, HEADER, PROMISE, signRecord } from '@tallystick/record';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestChain, type TestChain } from './testing/test-chain.js';
import {
  type RunningCoordinator,
  TEST_RUN,
  testHome,
  type TestHome,
} from './testing/test-deployment.js';
import { TestNode } from './testing/test-node.js';
import { startTestPostgres, type TestPostgres } from './testing/test-postgres.js';

const ROUNDS = 24;
const SPEC = TEST_RUN.replace('rounds: 3', `rounds: ${ROUNDS}`);
const TIMEOUT = { timeout: 60_000, interval: 200 };

/** Two runs of one coordinator on the embedded chain; rounds of the first are voided by a dispute. */
describe('a voided run beside another one', () => {
  let postgres: TestPostgres;
  let chain: TestChain;
  let home: TestHome;
  let coordinator: RunningCoordinator;
  let nodes: readonly TestNode[];

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    chain = await startTestChain();
    home = await testHome(await postgres.database());
    coordinator = await start();
    nodes = [new TestNode(coordinator.api), new TestNode(coordinator.api)];
    for (const [i, node] of nodes.entries()) {
      await node.join(`site-${i}`);
      await node.connect();
    }
  }, 60_000);
  afterEach(async () => {
    await coordinator.stop();
    await home.remove();
    await chain.stop();
  });

  const start = (): Promise<RunningCoordinator> =>
    home.start({ ledger: chain.ledger, chainUrl: chain.url });

  /** Pays nothing, so that a fault alone does not halt it. */
  async function launch(): Promise<RunId> {
    const windows = { challengeMs: 1_000 };
    const body = { spec: SPEC, pot: '0', windows };
    const { run } = (await coordinator.api.post('runs', body)) as { run: number };
    return asRunId(run);
  }

  async function committed(run: RunId, round: number): Promise<void> {
    await expect.poll(() => chain.ledger.round(run, round), TIMEOUT).toBeDefined();
  }

  const isDone = async (run: RunId): Promise<boolean> => {
    const { status, closedRounds, committedRounds } = await coordinator.api.run(run);
    return status !== 'running' && closedRounds === committedRounds;
  };

  async function ends(run: RunId): Promise<void> {
    await expect.poll(() => isDone(run), { ...TIMEOUT, message: `run ${run} ends` }).toBe(true);
  }

  /** A promise that the coordinator key signed and no round keeps. */
  async function voidByDemand(run: RunId, round: number): Promise<void> {
    const { signer } = coordinator.deployment;
    const [node] = nodes;
    if (node === undefined) throw new Error('two nodes join');
    const at = { chain: await chain.ledger.genesis(), run, round, node: node.node };
    const value = { ...at, receipt: sha256(new Uint8Array(1)), dueMs: 9n };
    const promise = { value, signature: signRecord(PROMISE, value, signer).signature };
    await chain.challenger.demand(run, round, { kind: 'promise', promise });
    const [demand] = await chain.challenger.openDemands(run);
    if (demand === undefined) throw new Error('the demand is not open');
    await expect.poll(async () => Date.now() > Number(demand.deadlineMs) + 300, TIMEOUT).toBe(true);
    await chain.challenger.unanswered(demand);
  }

  it('goes on from the last round that counts, also after a restart; the other never stops', async () => {
    const [voided, beside] = [await launch(), await launch()];
    await committed(voided, 2);
    await voidByDemand(voided, 2);
    await expect
      .poll(async () => (await coordinator.api.run(voided)).voidRounds, TIMEOUT)
      .toBeGreaterThan(0);
    await ends(voided);
    await ends(beside);
    const [a, b] = [await coordinator.api.run(voided), await coordinator.api.run(beside)];
    expect(b).toMatchObject({ status: 'completed', committedRounds: ROUNDS, voidRounds: 0 });
    expect(a).toMatchObject({ status: 'completed', committedRounds: ROUNDS });
    const spans = (await chain.ledger.voids()).get(voided) ?? [];
    const path = `runs/${voided}/voids`;
    expect(VoidList.parse(await coordinator.api.get(path)).voids).toEqual(spans);
    expect(spans).toMatchObject([{ from: 2 }]);
    const until = spans[0]?.until ?? 0;
    const { rounds } = RoundList.parse(await coordinator.api.get(`runs/${voided}/rounds`));
    const counting = rounds.filter(({ status }) => status === 'committed');
    expect(counting.map(({ round }) => round)).toEqual([
      0,
      1,
      ...Array.from({ length: ROUNDS - 2 }, (_, i) => until + i),
    ]);
    expect(rounds.filter(({ status }) => status === 'void')).toHaveLength(a.voidRounds);
    expect(counting[2]?.modelBefore).toBe(counting[1]?.modelAfter);
    const anchored = await chain.ledger.anchored(voided);
    expect(anchored).toMatchObject({ model: a.model, nextRound: until + ROUNDS - 2 });
    await coordinator.stop();
    coordinator = await start(); // finds no conflict in the numbers that were skipped
    expect(await coordinator.api.run(voided)).toEqual(a);
    expect((await fetch(`${coordinator.api.url}/ready`)).status).toBe(200);
  }, 240_000);

  it('that signed two headers fails with a clear code; the other never stops', async () => {
    const [voided, beside] = [await launch(), await launch()];
    await committed(voided, 1);
    const { headers } = HeaderList.parse(
      await coordinator.api.get(`runs/${voided}/headers?from=1&limit=1`),
    );
    const { value } = decodeSigned(HEADER, headers[0] ?? '');
    const other = { ...value, stateAfter: sha256(new Uint8Array(2)) };
    const bytes = `03${signRecord(HEADER, other, coordinator.deployment.signer).wire}`;
    await chain.challenger.file({ call: 'dispute', bytes });
    await expect
      .poll(async () => (await coordinator.api.run(voided)).status, TIMEOUT)
      .toBe('failed');
    for (const node of nodes) await node.connect(); // an upload that fell with its run is told as an error
    const view = await coordinator.api.run(voided);
    expect(view.reason).toMatch(/^LEDGER_RUN_HALTED: /);
    expect(view).toMatchObject({ closedRounds: 1, committedRounds: 1, lastRound: 0 });
    await ends(beside);
    expect(await coordinator.api.run(beside)).toMatchObject({
      status: 'completed',
      committedRounds: ROUNDS,
      voidRounds: 0,
    });
  }, 240_000);
});
