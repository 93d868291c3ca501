import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asAccountId, asRunId } from '@tallystick/kernel';
import { HEADER, recordHash } from '@tallystick/record';
import { ed25519, sha256, signerFromSeed, systemClock } from '@tallystick/kernel/node';
import { afterEach, describe, expect, it } from 'vitest';
import { buildGenesis, EmbeddedChain, serveRpc, ss58Address } from '../embedded/index.js';
import {
  LedgerDriver,
  type LedgerFixture,
  roundLedgerContract,
} from '../testing/round-ledger.contract.js';
import { fetchBlocks } from './fetch-blocks.js';
import { SubstrateRoundLedger } from './substrate-round-ledger.js';
import { verifyBlocks } from '../embedded/index.js';

const key = (byte: number) => signerFromSeed(new Uint8Array(32).fill(byte));
const ACCOUNTS = { registrar: key(11), treasury: key(12), coordinator: key(13) };
const AUTHORITY = key(14);
const WASM = new URL('../../../../chain/wasm/tally_runtime.wasm', import.meta.url);
const UNIT = 10n ** 12n;
/** States that the embedded chain, like any Substrate node by default, keeps. */
const KEPT_STATES = 256;

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function genesis(): ReturnType<typeof buildGenesis> {
  const address = (hex: string): string => ss58Address(asAccountId(hex));
  const authority = address(AUTHORITY.key);
  return buildGenesis({
    wasm: new Uint8Array(await readFile(WASM)),
    preset: 'deployment',
    name: 'test',
    id: 'test',
    patch: {
      session: { keys: [[authority, authority, { aura: authority, grandpa: authority }]] },
      balances: {
        balances: Object.values(ACCOUNTS).map((signer) => [address(signer.key), 1_000n * UNIT]),
      },
      tally: {
        registrar: address(ACCOUNTS.registrar.key),
        embedded: true,
        instance: `0x${'2a'.repeat(32)}`,
      },
    },
  });
}

interface Opened extends LedgerFixture {
  readonly url: string;
  readonly chain: EmbeddedChain;
  stop(): Promise<void>;
}

async function open(): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'tally-ledger-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const spec = await genesis();
  const chain = await EmbeddedChain.open({
    folder,
    spec,
    authority: AUTHORITY,
    sealing: 'instant',
    clock: systemClock,
  });
  cleanups.push(() => chain.close());
  const server = await serveRpc(chain, { host: '127.0.0.1', port: 0 });
  cleanups.push(() => server.close());
  const { url } = server;
  const ledger = await SubstrateRoundLedger.connect({
    url,
    accounts: ACCOUNTS,
    clock: systemClock,
  });
  cleanups.push(() => ledger.close());
  const keys = { nodeKey: key(1), ownerKey: key(2), coordinatorKey: key(3) };
  return { ledger, ...keys, sha256, ed25519, url, chain, stop: () => server.close() };
}

roundLedgerContract('SubstrateRoundLedger on the embedded chain', open);

describe('a chain that is gone', () => {
  it('is LEDGER_UNREACHABLE for every read and write, so that whoever asks may wait', async () => {
    const { ledger, stop } = await open();
    await stop();
    const away = { code: 'LEDGER_UNREACHABLE', disposition: 'retry' };
    await expect
      .poll(() => ledger.finalized().catch((error: unknown) => error))
      .toMatchObject(away);
    await expect(ledger.anchored(asRunId(0))).rejects.toMatchObject(away);
    await expect(ledger.runCount()).rejects.toMatchObject(away);
  });
});

describe('fetchBlocks', () => {
  it('exports every block over RPC, and they execute again to the same head', async () => {
    const fixture = await open();
    const driver = new LedgerDriver(fixture);
    await driver.node(9n);
    const { run, prev } = await driver.run();
    await driver.commit(await driver.header(run, 0, prev));
    const exported = await fetchBlocks(fixture.url);
    const verified = await verifyBlocks({ spec: await genesis(), blocks: exported.bytes });
    expect(verified).toMatchObject({ ok: true, genesis: exported.genesis, head: exported.head });
  });
});

describe('a coordinator that comes back when the chain has forgotten the states of its time', () => {
  it('finds its commits in the blocks, and goes on', async () => {
    const { chain, url, ...fixture } = await open();
    const driver = new LedgerDriver(fixture);
    await driver.node(9n);
    const { run, prev } = await driver.run();
    const header = await driver.header(run, 0, prev);
    const sent = await driver.prepare(header);
    await fixture.ledger.submitCommit(sent);
    expect(await driver.settle(sent)).toBe('final');
    const block = await fixture.ledger.committedIn(run, 0);
    expect(block).toBeDefined();
    for (let made = 0; made < KEPT_STATES + 8; made++) await chain.seal();

    const again = await SubstrateRoundLedger.connect({
      url,
      accounts: ACCOUNTS,
      clock: systemClock,
    });
    cleanups.push(() => again.close());
    expect(await again.committedIn(run, 0)).toEqual(block);
    expect(await again.committedIn(run, 1)).toBeUndefined();
    expect(await again.commitOutcome(sent)).toEqual({ kind: 'expired' }); // read from the newest state then
    expect((await again.round(run, 0))?.header).toBe(recordHash(sha256, HEADER, header));
    expect((await new LedgerDriver({ ...fixture, ledger: again }).run()).run).toBe(run + 1);
  });
});
