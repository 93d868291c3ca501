import { join } from 'node:path';
import type { RoundLedger } from '@tallystick/chain';
import type { Signer } from '@tallystick/kernel';
import { generateKey, sha256 } from '@tallystick/kernel/node';
import { HeaderList, type RunView } from '@tallystick/protocol';
import { decodeSigned, HEADER } from '@tallystick/record';
import { DataSource } from 'typeorm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type RunningCoordinator,
  TEST_RUN,
  testHome,
  type TestHome,
} from '../testing/test-deployment.js';
import { TestNode } from '../testing/test-node.js';
import { startTestPostgres, type TestPostgres } from '../testing/test-postgres.js';
import { LoggedSigner } from './logged-signer.js';
import { SigningLog } from './signing-log.js';

/** A database from a backup, while the chain has taken nothing: only the log knows what was signed since. */
describe('a coordinator on a restored database', () => {
  const key = generateKey();
  let postgres: TestPostgres;
  let home: TestHome;
  let database: string;
  let log: SigningLog;

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    database = await postgres.database();
    home = await testHome(database);
    log = await SigningLog.open({ path: join(home.folder, 'signing.log') }, sha256);
  });
  afterEach(async () => {
    log.close();
    await home.remove();
  });

  async function start(databaseUrl: string, signer: Signer): Promise<RunningCoordinator> {
    return home.start({ databaseUrl, signer, ledger: withoutCommits(home.ledger) });
  }

  const headersOf = async ({ api }: RunningCoordinator, run: number): Promise<readonly string[]> =>
    HeaderList.parse(await api.get(`runs/${run}/headers?from=0&limit=16`)).headers;

  /** Plays a run to its end, then again from the backup that was taken while its first round was open. */
  async function playTwice(signer: Signer): Promise<{
    readonly before: readonly string[];
    readonly after: readonly string[];
    readonly view: RunView;
  }> {
    let coordinator = await start(database, signer);
    const nodes = [new TestNode(coordinator.api), new TestNode(coordinator.api)] as const;
    for (const [i, node] of nodes.entries()) {
      await node.join(`site-${i}`);
      await node.connect();
    }
    nodes[1].isAnswering = false;
    const { run } = await coordinator.api.launch(TEST_RUN);
    await expect
      .poll(async () => (await coordinator.api.run(run)).current?.waitingFor, { timeout: 20_000 })
      .toEqual([1]);
    await coordinator.stop();
    const backup = await copyOf(database);
    nodes[1].isAnswering = true;

    coordinator = await start(database, signer);
    for (const node of nodes) await node.connect({}, coordinator.api);
    await expect
      .poll(async () => (await headersOf(coordinator, run)).length, { timeout: 20_000 })
      .toBe(3);
    const before = await headersOf(coordinator, run);
    await coordinator.stop();

    coordinator = await start(backup, signer);
    for (const node of nodes) await node.connect({}, coordinator.api);
    await expect
      .poll(async () => (await coordinator.api.run(run)).status, { timeout: 20_000 })
      .not.toBe('running');
    const view = await coordinator.api.run(run);
    const after = await headersOf(coordinator, run).catch(() => []);
    await coordinator.stop();
    return { before, after, view };
  }

  it('refuses to sign a second header, says so, and ends the run', async () => {
    const { after, view } = await playTwice(new LoggedSigner(key, log, sha256));
    expect(view).toMatchObject({ status: 'failed' });
    expect(view.reason).toContain('ROUND_SIGNED_BEFORE');
    expect(after).toEqual([]);
  }, 90_000);

  it('signs two headers of one round without its log', async () => {
    const { before, after, view } = await playTwice(key);
    expect(view.status).toBe('completed');
    const [first, second] = [before[0] ?? '', after[0] ?? ''].map((wire) =>
      decodeSigned(HEADER, wire),
    );
    expect(second?.value.round).toBe(first?.value.round);
    expect(after[0]).not.toBe(before[0]);
  }, 90_000);
});

/** The chain takes no commit: it is down, or far behind. */
function withoutCommits(ledger: TestHome['ledger']): RoundLedger {
  return new Proxy<RoundLedger>(ledger, {
    get: (target, name) => {
      if (name === 'submitCommit') return () => Promise.resolve();
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** A copy of a database that nobody uses. */
async function copyOf(url: string): Promise<string> {
  const name = new URL(url).pathname.slice(1);
  const admin = new DataSource({
    type: 'postgres',
    extra: { connectionString: url.replace(/\/[^/]*$/, '/postgres') },
  });
  await admin.initialize();
  await admin.query(`CREATE DATABASE ${name}_backup TEMPLATE ${name}`);
  await admin.destroy();
  return `${url}_backup`;
}
