import { HEADER, recordHash } from '@tallystick/record';
import { asRunId } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { afterEach, describe, expect, it } from 'vitest';
import { verifyBlocks } from '../embedded/index.js';
import { LEDGER_KEYS, LedgerChain, ledgerSpec } from '../testing/ledger-chain.js';
import {
  LedgerDriver,
  type LedgerFixture,
  roundLedgerContract,
} from '../testing/round-ledger.contract.js';
import { fetchBlocks } from './fetch-blocks.js';

const open: LedgerChain[] = [];
afterEach(async () => {
  for (const chain of open.splice(0)) await chain.close();
});

/** States that the embedded chain, like any Substrate node by default, keeps. */
const KEPT_STATES = 256;

async function fixture(): Promise<LedgerFixture & { url: string; chain: LedgerChain }> {
  const chain = await LedgerChain.open();
  open.push(chain);
  return { ledger: await chain.ledger(), ...LEDGER_KEYS, url: chain.url, chain };
}

roundLedgerContract('SubstrateRoundLedger on the embedded chain', fixture);

describe('a chain that is gone', () => {
  it('is LEDGER_UNREACHABLE for every read and write, so that whoever asks may wait', async () => {
    const { ledger, chain } = await fixture();
    await chain.stop();
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
    const at = await fixture();
    const driver = new LedgerDriver(at);
    await driver.node(9n);
    const { run, prev } = await driver.run();
    await driver.commit(await driver.header(run, 0, prev));
    const exported = await fetchBlocks(at.url);
    const verified = await verifyBlocks({ spec: await ledgerSpec(), blocks: exported.bytes });
    expect(verified).toMatchObject({ ok: true, genesis: exported.genesis, head: exported.head });
  });
});

describe('a coordinator that comes back when the chain has forgotten the states of its time', () => {
  it('finds its commits in the blocks, and goes on', async () => {
    const { chain, url: _, ...at } = await fixture();
    const driver = new LedgerDriver(at);
    await driver.node(9n);
    const { run, prev } = await driver.run();
    const header = await driver.header(run, 0, prev);
    const sent = await driver.prepare(header);
    await at.ledger.submitCommit(sent);
    expect(await driver.settle(sent)).toBe('final');
    const block = await at.ledger.committedIn(run, 0);
    expect(block).toBeDefined();
    for (let made = 0; made < KEPT_STATES + 8; made++) await chain.chain.seal();

    const again = await chain.ledger();
    expect(await again.committedIn(run, 0)).toEqual(block);
    expect(await again.committedIn(run, 1)).toBeUndefined();
    expect(await again.commitOutcome(sent)).toEqual({ kind: 'expired' }); // read from the newest state then
    expect((await again.round(run, 0))?.header).toBe(recordHash(sha256, HEADER, header));
    expect((await new LedgerDriver({ ...at, ledger: again }).run()).run).toBe(run + 1);
    // and a client that did not look meanwhile goes on from where it was
    expect((await at.ledger.anchored(run))?.nextRound).toBe(1);
  });
});
