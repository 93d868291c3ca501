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

async function fixture(): Promise<LedgerFixture & { url: string }> {
  const chain = await LedgerChain.open();
  open.push(chain);
  return { ledger: await chain.ledger(), ...LEDGER_KEYS, url: chain.url };
}

roundLedgerContract('SubstrateRoundLedger on the embedded chain', fixture);

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
