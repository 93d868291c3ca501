import { ed25519, sha256 } from '@tallystick/kernel/node';
import { asRunId, utf8 } from '@tallystick/kernel';
import { decodeSheet } from '@tallystick/payout';
import { plainRun } from '@tallystick/chain/testing';
import { EpochList, RewardList } from '@tallystick/protocol';
import {
  CONTRIB,
  decodeSigned,
  MEMBER,
  plainLeaf,
  RECEIPT,
  SCORES,
  sumLeaf,
  verifyPlain,
  verifyRecord,
  verifySum,
} from '@tallystick/record';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type RunningCoordinator,
  TEST_RUN,
  testHome,
  type TestHome,
} from './testing/test-deployment.js';
import { TestNode } from './testing/test-node.js';
import { startTestPostgres, type TestPostgres } from './testing/test-postgres.js';

const UNIT = 10n ** 12n;
const PAID = TEST_RUN.replace('rounds: 3', 'rounds: 5').concat('payout: { epochRounds: 2 }\n');
const AT_ONCE = { challengeMs: 0 };

/** A public validation set on which `sex` decides. */
const PUBLIC = [
  'age,sex,num,set',
  '40,1,1,train',
  '60,0,0,train',
  '45,1,1,test',
  '55,0,0,test',
  '50,1,1,test',
  '52,1,1,test',
].join('\n');

/** Pay, demands, and runs that were lost, over a real database and a ledger in memory. */
describe('settlement', () => {
  let postgres: TestPostgres;
  let home: TestHome;
  let coordinator: RunningCoordinator;

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    home = await testHome(await postgres.database());
    coordinator = await home.start();
  });
  afterEach(async () => {
    await coordinator.stop();
    await home.remove();
  });

  async function joined(): Promise<readonly TestNode[]> {
    const nodes = [new TestNode(coordinator.api), new TestNode(coordinator.api)];
    for (const [i, node] of nodes.entries()) {
      await node.join(`site-${i}`);
      await node.connect();
    }
    return nodes;
  }

  async function launch(changes: object = {}): Promise<number> {
    const body = { spec: PAID, pot: '1000', windows: AT_ONCE, ...changes };
    const { run } = (await coordinator.api.post('runs', body)) as { run: number };
    return run;
  }

  const rewards = async (run: number): Promise<RewardList> =>
    RewardList.parse(await coordinator.api.get(`runs/${run}/rewards`));
  const ends = async (run: number): Promise<void> => {
    await expect
      .poll(async () => (await coordinator.api.run(run)).status, { timeout: 30_000 })
      .toBe('completed');
  };

  it('settles two whole epochs and a half one, pays what the chain holds, and closes the run', async () => {
    await joined();
    const run = await launch({ closeWhenSettled: true });
    await ends(run);
    await expect.poll(async () => (await rewards(run)).claimable, { timeout: 20_000 }).toBe(2);
    const { epochs } = EpochList.parse(await coordinator.api.get(`runs/${run}/epochs`));
    expect(epochs.map(({ firstRound, lastRound }) => [firstRound, lastRound])).toEqual([
      [0, 1],
      [2, 3],
      [4, 4],
    ]);
    const whole = (1_000n * UNIT) / 3n;
    expect(epochs.map(({ total }) => BigInt(total))).toEqual([
      whole,
      2n * whole,
      2n * whole + whole / 2n,
    ]);
    const { allotted, funded, rewards: paid } = await rewards(run);
    expect(paid.reduce((sum, { entitled }) => sum + BigInt(entitled), 0n)).toBe(BigInt(allotted));
    expect(BigInt(funded)).toBe(1_000n * UNIT);
    const status = async () => (await home.ledger.chainRun(asRunId(run)))?.status;
    await expect.poll(status, { timeout: 10_000 }).toBe('closed');
    await coordinator.stop(); // another process finds nothing left to do
    coordinator = await home.start();
    expect((await rewards(run)).claimable).toBe(2);
  });

  it('pays by contribution: a node that sends zeros earns nothing, and a restart makes the same sheet', async () => {
    const [honest, idle] = await joined();
    if (honest === undefined || idle === undefined) throw new Error('two nodes join');
    honest.train = (w, i) => (i === 1 ? w + 0.25 : w); // the weight of `sex`
    idle.train = (w) => w;
    const payout = `payout: { policy: contribution, validation: { sha256: ${sha256(utf8(PUBLIC))} } }`;
    const spec = `${TEST_RUN}${payout}\n`;
    const run = await launch({ spec, validation: PUBLIC });
    await ends(run);
    await coordinator.stop(); // in the middle of the scores, or before them
    coordinator = await home.start();
    await expect.poll(async () => (await rewards(run)).claimable, { timeout: 60_000 }).toBe(0);
    const { epochs } = EpochList.parse(await coordinator.api.get(`runs/${run}/epochs`));
    expect(epochs).toMatchObject([{ firstRound: 0, lastRound: 2, accounts: 1 }]);
    expect(BigInt(epochs[0]?.total ?? 0)).toBe(1_000n * UNIT);
    const { value, signature } = decodeSigned(SCORES, epochs[0]?.scores ?? '');
    const { key } = coordinator.deployment.signer;
    expect(verifyRecord(ed25519, SCORES, value, key, signature)).toBe(true);
    const bytes = await coordinator.api.bytes(`blobs/${value.sheet}`);
    const sheet = decodeSheet(new TextDecoder().decode(bytes));
    expect(sheet?.scores.map(({ node, score }) => [node, score > 0n])).toEqual([
      [honest.node, true],
      [idle.node, false],
    ]);
    for (const { novel } of sheet?.rounds ?? []) await coordinator.api.bytes(`blobs/${novel}`);
  }, 120_000);

  /** Epochs 0 and 1 are settled, round 4 is open. */
  async function settledTwice(): Promise<{
    run: ReturnType<typeof asRunId>;
    nodes: readonly TestNode[];
  }> {
    const nodes = await joined();
    for (const node of nodes) node.stopsAt = 4;
    const run = asRunId(await launch());
    await expect.poll(async () => (await rewards(run)).claimable, { timeout: 30_000 }).toBe(1);
    return { run, nodes };
  }

  it('settles a voided epoch again, and those that were built on it', async () => {
    const { run, nodes } = await settledTwice();
    const before = await rewards(run);
    home.ledger.voidEpoch(run, 0, sha256(utf8('what somebody else would have settled')));
    await expect
      .poll(async () => (await home.ledger.chainRun(run))?.epoch, { timeout: 20_000 })
      .toBe(2);
    expect((await home.ledger.epoch(run, 0))?.status).toBe('settled');
    await expect.poll(() => rewards(run), { timeout: 20_000 }).toEqual(before);
    for (const node of nodes) node.goOn();
    await ends(run);
    await expect.poll(async () => (await rewards(run)).claimable, { timeout: 20_000 }).toBe(2);
  }, 120_000);

  it('does not send the same epoch twice when it was voided, and says so', async () => {
    const { run } = await settledTwice();
    home.ledger.voidEpoch(run, 1);
    const ready = async (): Promise<string> => (await fetch(`${coordinator.api.url}/ready`)).text();
    await expect
      .poll(ready, { timeout: 20_000 })
      .toContain(`the chain has voided epoch 1 of run ${run}`);
    expect((await home.ledger.chainRun(run))?.epoch).toBe(1);
    const { epochs } = EpochList.parse(await coordinator.api.get(`runs/${run}/epochs`));
    expect(epochs.map(({ epoch }) => epoch)).toEqual([0]);
  }, 120_000);

  it('pays for the rounds that count: an epoch begins with a void number', async () => {
    const nodes = await joined();
    for (const node of nodes) node.stopsAt = 3;
    const run = asRunId(await launch());
    await expect.poll(async () => (await rewards(run)).claimable, { timeout: 30_000 }).toBe(0);
    await expect
      .poll(async () => (await home.ledger.anchored(run))?.nextRound, { timeout: 20_000 })
      .toBe(3);
    for (const node of nodes) node.stopsAt = undefined;
    home.ledger.voidFrom(run, 2);
    await ends(run);
    await expect.poll(async () => (await rewards(run)).claimable, { timeout: 30_000 }).toBe(2);
    const { epochs } = EpochList.parse(await coordinator.api.get(`runs/${run}/epochs`));
    expect(epochs.map(({ firstRound, lastRound }) => [firstRound, lastRound])).toEqual([
      [0, 1],
      [2, 1_028],
      [1_029, 1_029],
    ]);
  }, 120_000);

  it('answers a demand for a leaf with all it rests on, and for a promise with its place', async () => {
    await joined();
    const run = asRunId(await launch());
    await ends(run);
    const { ledger } = home;
    const challenger = ledger.treasuryAccount();
    const at = { run, round: 1, challenger, deadlineMs: 2n ** 40n };
    await expect.poll(() => ledger.round(run, 1), { timeout: 10_000 }).toBeDefined();
    const anchored = await ledger.round(run, 1);
    if (anchored === undefined) throw new Error('round 1 is not committed');
    ledger.openDemand({ ...at, demand: 0, wanted: { kind: 'leaf', index: 1 } });
    await expect.poll(() => ledger.answered(run).length, { timeout: 10_000 }).toBe(1);
    const [answer] = ledger.answered(run);
    if (answer?.kind !== 'leaf') throw new Error('another kind of answer');
    const { leaf, receipt, member, memberIndex, memberProof, task } = answer;
    const stands = verifySum(sha256, {
      root: anchored.contribRoot,
      total: anchored.sumWeight,
      count: anchored.included,
      index: 1,
      leaf: { hash: sumLeaf(sha256, CONTRIB, leaf), sum: leaf.weight },
      proof: answer.proof,
    });
    expect(stands).toBe(true);
    const isMember = verifyPlain(sha256, {
      root: task.cohortRoot,
      count: task.cohort,
      index: memberIndex,
      leaf: plainLeaf(sha256, MEMBER, member),
      proof: memberProof,
    });
    expect(isMember).toBe(true);
    const [, second] = await ledger.eligible();
    const key = second?.key ?? coordinator.deployment.signer.key;
    expect(verifyRecord(ed25519, RECEIPT, receipt.value, key, receipt.signature)).toBe(true);
    const wanted = { kind: 'receipt' as const, node: leaf.node, receipt: leaf.receipt };
    ledger.openDemand({ ...at, demand: 1, wanted });
    await expect.poll(() => ledger.answered(run).length, { timeout: 10_000 }).toBe(2);
    expect(ledger.answered(run)[1]).toMatchObject({ kind: 'counted', index: 1, leaf });
  });

  it('says everywhere that it cannot answer', async () => {
    await joined();
    const run = asRunId(await launch());
    await ends(run);
    const { ledger } = home;
    const node = (await ledger.eligible())[0]?.node;
    if (node === undefined) throw new Error('no node');
    const wanted = { kind: 'receipt' as const, node, receipt: sha256(new Uint8Array(1)) };
    const challenger = ledger.treasuryAccount();
    ledger.openDemand({ run, round: 1, demand: 7, challenger, deadlineMs: 1n, wanted });
    const ready = async (): Promise<string> => (await fetch(`${coordinator.api.url}/ready`)).text();
    await expect.poll(ready, { timeout: 10_000 }).toContain(`run ${run} demand 7`);
    const metrics = await coordinator.deployment.metrics.text();
    expect(metrics).toContain('tally_open_demands 1');
    expect(metrics).toMatch(/tally_demand_answers_total\{outcome="failed"\} [1-9]/);
    const line = home.logger.lines.find(({ event }) => event === 'demand.unanswered');
    expect(line).toMatchObject({ level: 'error' });
  });

  it('plays a run whose row was lost in a crash, and closes one that nobody launched', async () => {
    await joined();
    const { ledger } = home;
    const stranger = await ledger.createRun(
      plainRun({ spec: sha256(new Uint8Array(2)), model: sha256(new Uint8Array(3)) }),
    );
    await coordinator.stop();
    const crash = {
      isDue: () => false,
      hit: (point: string) => {
        if (point === 'created-no-row') throw new Error('killed');
      },
    };
    coordinator = await home.start({ crash });
    expect(await ledger.chainRun(stranger)).toMatchObject({ status: 'closed' });
    await expect(launch()).rejects.toThrow('500');
    const lost = asRunId((await ledger.runCount()) - 1);
    expect(await ledger.chainRun(lost)).toMatchObject({ status: 'proposed' });
    await coordinator.stop();
    coordinator = await home.start();
    await expect
      .poll(async () => (await ledger.chainRun(lost))?.status, { timeout: 10_000 })
      .toBe('open');
    expect((await coordinator.api.run(lost)).pot).toBe('1000');
    expect(await ledger.runCount()).toBe(lost + 1);
  });
});
