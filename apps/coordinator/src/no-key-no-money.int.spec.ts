import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SubstrateRoundLedger } from '@tallystick/chain';
import {
  blake2b128concat,
  buildGenesis,
  EmbeddedChain,
  ScaleReader,
  serveRpc,
  ss58Address,
  storageKey,
  UNIT,
} from '@tallystick/chain/embedded';
import { asAccountId, fromHex } from '@tallystick/kernel';
import { generateKey, type NodeSigner, systemClock } from '@tallystick/kernel/node';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROLES } from './auth/permissions.js';
import { Browser } from './testing/browser.js';
import {
  type RunningCoordinator,
  TEST_RUN,
  testHome,
  type TestHome,
} from './testing/test-deployment.js';
import { TestNode } from './testing/test-node.js';
import { startTestPostgres, type TestPostgres } from './testing/test-postgres.js';

const WASM = new URL('../../../chain/wasm/tally_runtime.wasm', import.meta.url);
const [AUTHORITY, REGISTRAR, TREASURY, ACCOUNT, THIEF] = [
  generateKey(),
  generateKey(),
  generateKey(),
  generateKey(),
  generateKey(),
];

/**
 * Somebody has the administrator's token, every table and every file but the keys. A pot of 1,000 units waits on the
 * chain. They may stop work; the money does not move.
 */
describe('no key, no money', () => {
  const undo: (() => Promise<void>)[] = [];
  let postgres: TestPostgres;
  let home: TestHome;
  let coordinator: RunningCoordinator;
  let host: EmbeddedChain;
  let ledger: SubstrateRoundLedger;
  let sql: DataSource;
  let run: number;
  const nodes: TestNode[] = [];

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tally-money-'));
    undo.push(() => rm(folder, { recursive: true, force: true }));
    const options = { folder, authority: AUTHORITY, sealing: 'instant' as const };
    host = await EmbeddedChain.open({ ...options, spec: await genesis(), clock: systemClock });
    undo.push(() => host.close());
    const server = await serveRpc(host, { host: '127.0.0.1', port: 0 });
    undo.push(() => server.close());
    const accounts = { registrar: REGISTRAR, treasury: TREASURY, coordinator: ACCOUNT };
    ledger = await SubstrateRoundLedger.connect({
      url: server.url,
      accounts,
      clock: systemClock,
    });
    undo.push(() => ledger.close());
    postgres = await startTestPostgres();
    undo.push(() => postgres.stop());
    const database = await postgres.database();
    home = await testHome(database);
    undo.push(() => home.remove());
    coordinator = await home.start({ ledger, treasury: asAccountId(TREASURY.key) });
    undo.push(() => coordinator.stop());
    for (const name of ['first', 'second']) {
      const node = new TestNode(coordinator.api);
      await node.join(name);
      await node.connect();
      nodes.push(node);
    }
    const [, second] = nodes;
    if (second !== undefined) second.isAnswering = false;
    ({ run } = await coordinator.api.launch(TEST_RUN));
    sql = new DataSource({ type: 'postgres', extra: { connectionString: database } });
    await sql.initialize();
    undo.push(() => sql.destroy());
  }, 120_000);
  afterAll(async () => {
    for (const step of undo.toReversed()) await step();
  });

  /** Free and held units of an account, as the newest block has them. */
  function balanceOf({ key }: Pick<NodeSigner, 'key'>): { free: bigint; held: bigint } {
    const at = storageKey('System', 'Account', blake2b128concat(fromHex(key)));
    const bytes = host.stateAt(host.head.hash).get(at);
    if (bytes === undefined) return { free: 0n, held: 0n };
    const reader = new ScaleReader(bytes);
    for (let i = 0; i < 4; i++) reader.u32(); // nonce, consumers, providers, sufficients
    const u128 = (): bigint => reader.u64() + (reader.u64() << 64n);
    return { free: u128(), held: u128() };
  }

  const whole = () => ({ treasury: balanceOf(TREASURY), thief: balanceOf(THIEF) });

  it('holds the pot before the attack', async () => {
    await expect
      .poll(async () => (await coordinator.api.run(run)).current?.waitingFor, { timeout: 30_000 })
      .toEqual([1]);
    const { treasury, thief } = whole();
    expect(treasury.held).toBeGreaterThanOrEqual(1_000n * UNIT);
    expect(thief).toEqual({ free: 0n, held: 0n });
  });

  it.each<[string, string, string, unknown]>([
    ['a close of a run that goes on', 'POST', 'runs/RUN/close', {}],
    ['a withdrawal', 'POST', 'runs/RUN/claim', { account: THIEF.key }],
    ['another payee', 'PUT', 'runs/RUN/rewards', { account: THIEF.key, amount: '1000' }],
    ['an epoch of one’s own', 'POST', 'runs/RUN/epochs', { account: THIEF.key }],
    ['another payout account', 'PUT', 'organisations/0', { payout: THIEF.key }],
    ['a transfer', 'POST', 'chain/transfer', { to: THIEF.key, amount: '1' }],
  ])('has no route for %s', async (_what, method, path, body) => {
    const before = whole();
    const answer = await coordinator.api.ask(path.replace('RUN', String(run)), {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(whole()).toEqual(before);
  });

  it.each(ROLES)('gives a session or a token of the role %s no way to the pot', async (role) => {
    const before = whole();
    const password = 'twelve or more characters';
    const site = role === 'site' ? { organisation: 'first' } : {};
    await coordinator.api.post('people', { name: role, role, password, ...site });
    const browser = await Browser.signIn(coordinator.api.url, role, password);
    const made = await browser.send('POST', 'tokens', { name: 'all', scopes: ['self'], days: 1 });
    const { token } = (await made.json()) as { token: string };
    for (const [path, body] of [
      [`runs/${run}/close`, {}],
      [`runs/${run}/claim`, { account: THIEF.key }],
      [`runs/${run}/rewards`, { account: THIEF.key, amount: '1000' }],
      [`runs/${run}/epochs`, { account: THIEF.key }],
      ['chain/transfer', { to: THIEF.key, amount: '1' }],
    ] as const) {
      const bySession = await browser.send('POST', path, body);
      expect([400, 403, 404]).toContain(bySession.status);
      const init = { method: 'POST', headers: { 'content-type': 'application/json' } };
      const byToken = await coordinator.api.ask(path, { ...init, body: '{}' }, token);
      expect([403, 404]).toContain(byToken.status);
    }
    expect(whole()).toEqual(before);
  });

  it('does not believe rows: whatever they say, nobody is paid while the windows run', async () => {
    const before = whole();
    const thief = Buffer.from(THIEF.key, 'hex');
    await sql.query('UPDATE organisations SET payout = $1', [thief]);
    await sql.query('UPDATE nodes SET owner = $1', [thief]);
    await sql.query('UPDATE contributions SET weight = 1000000');
    await sql.query(`UPDATE users SET role = 'admin', organisation = NULL`);
    await sql.query(`UPDATE runs SET owner = 'operator'`);
    const closed = 'UPDATE runs SET pot = 0, close_when_settled = true WHERE id = $1';
    await sql.query(closed, [run]);
    for (const node of nodes) node.isAnswering = true;
    for (const node of nodes) {
      node.socket.terminate();
      await node.connect();
    }
    await expect
      .poll(async () => (await coordinator.api.run(run)).committedRounds, { timeout: 30_000 })
      .toBe(3);
    await expect
      .poll(async () => (await coordinator.api.run(run)).status, { timeout: 30_000 })
      .not.toBe('running');
    const after = whole();
    expect(after.thief).toEqual({ free: 0n, held: 0n });
    expect(after.treasury.held).toBe(before.treasury.held);
  }, 90_000);

  it('stops at a request to close: a pot is not released before every epoch is final', async () => {
    const before = whole();
    await coordinator.api.ask(`runs/${run}/close`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    const { number } = host.head;
    await expect.poll(() => host.head.number >= number).toBe(true);
    expect(whole().thief).toEqual(before.thief);
    expect(whole().treasury.held).toBe(before.treasury.held);
  });

  it('does not believe files: whatever they hold, and whichever are gone, nobody is paid', async () => {
    const before = whole();
    await coordinator.stop();
    // the thief's key is as good a token as any: whoever writes the files has the administrator's
    for (const edit of [(file: string) => writeFile(file, THIEF.key), (file: string) => rm(file)]) {
      const files = await filesOf(home.folder);
      expect(files.some((file) => file.includes('/blobs/'))).toBe(true);
      for (const file of files) await edit(file);
      coordinator = await home.start({ ledger, treasury: asAccountId(TREASURY.key) });
      for (const node of nodes) await node.connect({}, coordinator.api).catch(() => undefined);
      const { api } = coordinator;
      await api.ask(`runs/${run}/close`, { method: 'POST', body: '{}' });
      await api.ask('runs', { method: 'POST', body: JSON.stringify({ spec: TEST_RUN, pot: '0' }) });
      await coordinator.stop();
      expect(whole().thief).toEqual(before.thief);
      expect(whole().treasury.held).toBeGreaterThanOrEqual(before.treasury.held);
    }
    coordinator = await home.start({ ledger, treasury: asAccountId(TREASURY.key) });
  }, 120_000);
});

/** Every file of a folder, as path. */
async function filesOf(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true });
  const paths = names.map((name) => join(folder, name));
  const kinds = await Promise.all(paths.map((path) => stat(path)));
  return paths.filter((_, i) => kinds[i]?.isFile() === true);
}

async function genesis(): ReturnType<typeof buildGenesis> {
  const address = (signer: NodeSigner): string => ss58Address(asAccountId(signer.key));
  const authority = address(AUTHORITY);
  const rich = [REGISTRAR, TREASURY, ACCOUNT];
  return buildGenesis({
    wasm: new Uint8Array(await readFile(WASM)),
    preset: 'deployment',
    name: 'test',
    id: 'test',
    patch: {
      aura: { authorities: [authority] },
      grandpa: { authorities: [[authority, 1n]] },
      balances: { balances: rich.map((signer) => [address(signer), 100_000n * UNIT]) },
      tally: { registrar: address(REGISTRAR), embedded: true, instance: `0x${'2c'.repeat(32)}` },
    },
  });
}
