import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isTallyError, toHex } from '@tallystick/kernel';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { EmbeddedChain } from './embedded-chain.js';
import { executeBlock } from './execute-block.js';
import { genesisBlock, type RawSpec } from './raw-spec.js';
import { RuntimeCache } from './runtime.js';
import { ScaleReader } from './scale.js';
import { storageKey } from './storage-key.js';
import { ALICE, BOB, developmentSpec, TestChains } from '../testing/development-chain.js';
import { remark, signedExtrinsic, transfer } from '../testing/signed-extrinsic.js';
import { must } from '../testing/must.js';

describe('embedded chain', () => {
  let spec: RawSpec;
  let chains: TestChains;
  let folder: string;

  beforeAll(async () => {
    spec = await developmentSpec();
  });

  beforeEach(async () => {
    chains = new TestChains();
    folder = await chains.folder();
  });

  afterEach(() => chains.dispose());

  const open = (options: Parameters<TestChains['open']>[0] = {}): Promise<EmbeddedChain> =>
    chains.open({ spec, folder, ...options });

  function events(chain: EmbeddedChain): string[] {
    const seen: string[] = [];
    chain.subscribe((event) => {
      const what = event.kind === 'dropped' ? event.reason : event.block.number;
      seen.push(`${event.kind} ${what}`);
    });
    return seen;
  }

  /** Timestamp::Now after the head. */
  function headTime(chain: EmbeddedChain): bigint {
    const value = chain.stateAt(chain.head.hash).get(storageKey('Timestamp', 'Now'));
    return new ScaleReader(value ?? new Uint8Array(8)).u64();
  }

  test('a block that begins a session is full from its start: it is sealed empty, and the chain goes on', async () => {
    const chain = await open({ sealing: 'instant' });
    const seen = events(chain);
    while (chain.head.number < 99) await chain.seal();
    await chain.submit(signedExtrinsic(chain, remark('waits'), { signer: ALICE, nonce: 0 }));
    await chains.clock.advance(1_000);
    expect(chain.head.number).toBe(101);
    expect(chain.block(100)?.extrinsics).toHaveLength(1); // the timestamp
    expect(chain.block(101)?.extrinsics).toHaveLength(2);
    expect(seen.filter((event) => event.startsWith('dropped'))).toEqual([]);
  }, 30_000);

  test('manual sealing: a block only when asked, with every ready transaction in it', async () => {
    const chain = await open();
    const first = signedExtrinsic(chain, remark('one'), { signer: ALICE, nonce: 0 });
    const second = signedExtrinsic(chain, transfer(ALICE.key, 1_000_000), {
      signer: BOB,
      nonce: 0,
      tip: 1,
    });
    await chain.submit(signedExtrinsic(chain, remark('after a gap'), { signer: BOB, nonce: 2 }));
    await chain.submit(first);
    const hash = await chain.submit(second);
    await chains.clock.advance(1000);
    expect(chain.head.number).toBe(0);

    const sealed = await chain.seal();
    expect(chain.head).toMatchObject({ number: 1, hash: sealed });
    expect(chain.head.extrinsics.slice(1).map(toHex)).toEqual([toHex(second), toHex(first)]);
    expect(chain.pool.has(hash)).toBe(false);
    await chain.submit(signedExtrinsic(chain, remark('fills the gap'), { signer: BOB, nonce: 1 }));
    await chain.seal();
    expect(chain.head.extrinsics).toHaveLength(3);
    expect(chain.block(sealed)?.number).toBe(1);
    expect(chain.block(3)).toBeUndefined();
  });

  test('instant sealing waits 5 ms for company; finality follows 60 ms after the block', async () => {
    const chain = await open({ sealing: 'instant' });
    const seen = events(chain);
    await chain.submit(signedExtrinsic(chain, remark('a'), { signer: ALICE, nonce: 0 }));
    await chains.clock.advance(3);
    await chain.submit(signedExtrinsic(chain, remark('b'), { signer: ALICE, nonce: 1 }));
    await chains.clock.advance(1);
    expect(seen).toEqual([]);
    await chains.clock.advance(1);
    expect(seen).toEqual(['block 1']);
    expect(chain.head.extrinsics).toHaveLength(3);
    await chains.clock.advance(59);
    expect(chain.finalized.number).toBe(0);
    await chains.clock.advance(1);
    expect(seen).toEqual(['block 1', 'finalized 1']);
    expect(chain.finalized.hash).toBe(chain.head.hash);

    await chain.submit(signedExtrinsic(chain, remark('gap'), { signer: BOB, nonce: 9 }));
    await chains.clock.advance(1000);
    expect(chain.head.number).toBe(1);
  });

  test('a transaction that outbids another takes its place, and somebody is told', async () => {
    const chain = await open();
    const seen = events(chain);
    await chain.submit(signedExtrinsic(chain, remark('a'), { signer: ALICE, nonce: 0 }));
    const better = signedExtrinsic(chain, remark('b'), { signer: ALICE, nonce: 0, tip: 1_000_000 });
    await chain.submit(better);
    expect(seen).toEqual(['dropped it was replaced']);
    await chain.seal();
    expect(toHex(must(chain.head.extrinsics[1]))).toBe(toHex(better));
  });

  test('block time never runs back and may stand still, also over a restart', async () => {
    const chain = await open();
    await chain.seal();
    const first = headTime(chain);
    await chain.seal();
    expect(headTime(chain)).toBe(first);
    await chains.clock.advance(20_000);
    await chain.seal();
    expect(headTime(chain) - first).toBe(20_000n);
    await chain.close();
    const late = { nowMs: () => 1_000, after: chains.clock.after.bind(chains.clock) };
    const again = await open({ clock: late });
    await again.seal();
    expect(headTime(again) - first).toBe(20_000n);
  });

  test('what it seals, Core_execute_block accepts on the parent state', async () => {
    const chain = await open();
    await chain.submit(signedExtrinsic(chain, remark('x'), { signer: ALICE, nonce: 0 }));
    await chain.seal();
    const { header, state } = genesisBlock(spec);
    const after = executeBlock({ header, state }, new RuntimeCache().of(state), chain.head);
    expect(toHex(after.root())).toBe(chain.head.header.stateRoot);
  });

  test('a kill -9 at any moment of the last write costs nothing that was announced', async () => {
    const chain = await open();
    await chain.submit(signedExtrinsic(chain, remark('kept'), { signer: ALICE, nonce: 0 }));
    const kept = await chain.seal();
    const path = join(folder, 'blocks.log');
    const { length: keptBytes } = await readFile(path);
    await chain.seal();
    await chain.close();
    const whole = await readFile(path);
    for (let size = keptBytes; size < whole.length; size += 97) {
      await writeFile(path, whole);
      await truncate(path, size);
      const again = await open();
      expect(again.head.hash).toBe(kept);
      expect(again.finalized.hash).toBe(kept);
      await again.seal();
      await again.close();
    }
    await writeFile(path, whole);
    expect((await open()).head.number).toBe(2);
  });

  test('refuses a log whose blocks do not belong together', async () => {
    const chain = await open();
    await chain.seal();
    await chain.close();
    const foreign = await chains.open({ spec, authority: ALICE });
    await chains.clock.advance(5000);
    await foreign.seal();
    await foreign.seal();
    const records = await readFile(join(folder, 'blocks.log'));
    const other = chains.folders.at(-1) ?? '';
    const { length } = records;
    const tail = (await readFile(join(other, 'blocks.log'))).subarray(length);
    await writeFile(join(folder, 'blocks.log'), Buffer.concat([records, tail]));
    const error: unknown = await open().catch((e: unknown) => e);
    expect(isTallyError(error, 'LEDGER_BLOCK_INVALID') && error.message).toContain('parent');
  });

  test('refuses another key, another genesis, a second process, and work after close', async () => {
    const stranger: unknown = await open({ authority: BOB }).catch((e: unknown) => e);
    expect(isTallyError(stranger, 'LEDGER_NOT_AUTHORITY') && stranger.message).toContain(ALICE.key);
    const first = await open();
    await expect(open()).rejects.toMatchObject({ code: 'CONFIG_LOCKED' });
    await first.close();
    const top = { ...spec.genesis.raw.top, '0x00': '0x01' };
    const other = { ...spec, genesis: { raw: { ...spec.genesis.raw, top } } };
    await expect(open({ spec: other })).rejects.toMatchObject({ code: 'LEDGER_WRONG_CHAIN' });
    const chain = await open();
    await chain.close();
    await expect(chain.seal()).rejects.toMatchObject({ code: 'NET_CLOSED' });
  });

  test('refuses transactions that are stale, unpaid, badly signed, cut short or no transaction', async () => {
    const chain = await open();
    const good = signedExtrinsic(chain, remark('x'), { signer: ALICE, nonce: 0 });
    const reasonOf = async (extrinsic: Uint8Array): Promise<string> => {
      const error: unknown = await chain.submit(extrinsic).catch((e: unknown) => e);
      return isTallyError(error) ? error.code + error.message : '';
    };
    const forged = good.with(50, good[50] ^ 1);
    expect(await reasonOf(forged)).toContain('Transaction has a bad signature');
    expect(await reasonOf(good.subarray(0, 60))).toContain('LEDGER_TRANSACTION_INVALID');
    expect(await reasonOf(new Uint8Array())).toContain('LEDGER_TRANSACTION_INVALID');
    expect(await reasonOf(Uint8Array.of(4, 0xff))).toContain('the runtime cannot read it');
    await chain.submit(good);
    expect(await reasonOf(good)).toContain('LEDGER_TRANSACTION_KNOWN');
    await chain.seal();
    expect(await reasonOf(good)).toContain('Transaction is outdated');
    expect(chain.pool.size).toBe(0);
  });

  test('keeps 256 states and genesis; older blocks stay readable', async () => {
    const chain = await open();
    const hashes = [chain.genesis];
    for (let i = 0; i < 258; i++) hashes.push(await chain.seal());
    expect(() => chain.stateAt(hashes[2])).toThrow(/no longer kept/);
    expect(chain.block(2)?.hash).toBe(hashes[2]);
    for (const number of [0, 3, 258]) {
      expect(chain.stateAt(hashes[number]).get(storageKey('Aura', 'Authorities'))).toBeDefined();
    }
    expect(() => chain.stateAt(must(chain.block(5)).header.stateRoot)).toThrow(/has no block/);
  });

  test('a full block leaves the rest for the next one', async () => {
    const chain = await open({ sealing: 'instant' });
    const big = 'x'.repeat(1_200_000);
    for (let nonce = 0; nonce < 5; nonce++) {
      await chain.submit(signedExtrinsic(chain, remark(big), { signer: ALICE, nonce }));
    }
    await chains.clock.advance(20);
    expect(chain.pool.size).toBe(0);
    expect(chain.head.number).toBeGreaterThan(1);
  });
});
