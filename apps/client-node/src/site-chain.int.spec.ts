import { LedgerAccount, type SubstrateRoundLedger } from '@tallystick/chain';
import { LEDGER_ACCOUNTS, LedgerChain, plainRun, RpcBetween } from '@tallystick/chain/testing';
import { asNodeId, type Hash, type RunId, utf8, ZERO_HASH } from '@tallystick/kernel';
import { generateKey, sha256, systemClock } from '@tallystick/kernel/node';
import { MemoryLogger, VirtualClock } from '@tallystick/kernel/testing';
import {
  type Header,
  HEADER,
  POP,
  PROMISE,
  type Receipt,
  RECEIPT,
  receiptHash,
  recordHash,
  signRecord,
} from '@tallystick/record';
import type { EvidenceFile } from '@tallystick/site';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DisputeDesk } from './dispute-desk.js';
import { SiteChain } from './site-chain.js';

/** How long a round can be challenged, and how long a demand has to be answered. */
const WINDOW_MS = 2_000;
const COORDINATOR = generateKey();
const NODE = generateKey();
const FINAL = { timeout: 20_000 };

let chain: LedgerChain;
let between: RpcBetween;
let ledger: SubstrateRoundLedger;
let genesis: Hash;
let site: SiteChain;
let run: RunId;
let header: Header;
beforeEach(async () => {
  chain = await LedgerChain.open();
  between = await RpcBetween.open(chain.url);
  chain.onClose(() => between.close());
  ledger = await chain.ledger();
  genesis = await ledger.genesis();
  const ports = { clock: systemClock, logger: new MemoryLogger() };
  site = new SiteChain({ url: between.url, genesis, folder: '', nodeKey: NODE, ...ports });
  chain.onClose(() => site.close());
  run = await openRun();
  header = await nextHeader();
});
afterEach(() => chain.close());

async function openRun(): Promise<RunId> {
  const [spec, model] = [sha256(utf8('spec')), sha256(utf8('model'))];
  const windows = { challengeMs: BigInt(WINDOW_MS), settleMs: 0n, haltMs: 86_400_000n };
  const terms = plainRun({ spec, model }, { windows: { ...windows, maxTaskAgeBlocks: 1_024 } });
  const id = await ledger.createRun(terms);
  const pop = { chain: genesis, owner: ledger.coordinatorAccount(), key: COORDINATOR.key };
  await ledger.acceptRun(id, COORDINATOR.key, signRecord(POP, pop, COORDINATOR).signature);
  return id;
}

async function nextHeader(): Promise<Header> {
  const anchored = await ledger.anchored(run);
  if (anchored === undefined) throw new Error('the run is open');
  return {
    ...{ chain: genesis, mode: 0, run, round: anchored.nextRound, prev: anchored.head },
    ...{ task: ZERO_HASH, atBlock: (await ledger.finalized()).number },
    ...{ modelBefore: anchored.model, modelAfter: anchored.model, stateAfter: ZERO_HASH },
    ...{ contribRoot: sha256(utf8('root')), included: 1, sumWeight: 7n },
    ...{ excludedRoot: ZERO_HASH, excluded: 0, cohort: 1, metrics: ZERO_HASH },
    ...{ deadlineMs: 2_000n, closedAtMs: 1_000n },
  };
}

async function commit(): Promise<void> {
  const { signature } = signRecord(HEADER, header, COORDINATOR);
  const prepared = await ledger.prepareCommit([{ header, signature }]);
  await ledger.submitCommit(prepared);
  await expect.poll(async () => (await ledger.commitOutcome(prepared)).kind, FINAL).toBe('final');
}

/** What `PromiseWatch` keeps of a promise of round 0 that fell due. */
function overdue(anchored?: Hash): EvidenceFile {
  const receipt: Receipt = {
    ...{ chain: genesis, run, round: 0, prev: ZERO_HASH, task: ZERO_HASH, node: asNodeId(0) },
    ...{ keyEpoch: 0, update: ZERO_HASH, updateBytes: 1n, numExamples: 1n },
    ...{ lossBefore: 0n, lossAfter: 0n, policy: ZERO_HASH, salt: '22'.repeat(16) },
  };
  const signed = signRecord(RECEIPT, receipt, NODE);
  const hash = receiptHash(sha256, receipt, signed.signature);
  const promise = { chain: genesis, run, round: 0, node: asNodeId(0), receipt: hash, dueMs: 1n };
  const records = { receipt: signed.wire, promise: signRecord(PROMISE, promise, COORDINATOR).wire };
  return {
    ...{ format: 'tally/evidence/v1', kind: 'overdue', code: 'ROUND_PROMISE_BROKEN' },
    ...{ detail: 'nothing came', chain: genesis, run, round: 0, node: asNodeId(0) },
    ...{ key: NODE.key, coordinatorKey: COORDINATOR.key, records, leaves: [], unchecked: [] },
    ...(anchored && { anchored }),
  } as EvidenceFile; // the spreads widen its literals
}

describe('SiteChain on a chain', () => {
  it('shows a round once a finalised block holds it, and who signs the rounds of a run', async () => {
    expect(await site.round(run, 0)).toBeUndefined();
    await commit();
    await expect.poll(() => site.round(run, 0), FINAL).toBeDefined();
    const hash = recordHash(sha256, HEADER, header);
    expect(await site.round(run, 0)).toMatchObject({ header: hash, status: 'committed' });
    expect(await site.coordinatorKeys(run)).toEqual([{ fromRound: 0, key: COORDINATOR.key }]);
    expect(await site.coordinatorKeys((run + 1) as RunId)).toEqual([]);
  });

  it('believes no node that shows the state of another block', async () => {
    await expect.poll(() => site.round(run, 0)).toBeUndefined();
    const old = (await ledger.finalized()).hash;
    await commit();
    between.tamper = ({ method, params }, ask) =>
      method === 'state_getReadProof' ? ask(method, [params[0], `0x${old}`]) : undefined;
    await expect(site.round(run, 0)).rejects.toMatchObject({ code: 'LEDGER_UNPROVED' });
    between.tamper = undefined;
    expect((await site.round(run, 0))?.status).toBe('committed');
  });

  it('comes back to a chain that was away', async () => {
    await site.round(run, 0);
    await chain.stop();
    await expect(site.round(run, 0)).rejects.toThrow();
    await chain.start();
    await expect.poll(() => site.round(run, 0).catch(() => 'away'), FINAL).toBeUndefined();
  });
});

describe('a promise past due under `onFault: dispute`', () => {
  const clock = (): VirtualClock => new VirtualClock(systemClock.nowMs());

  function deskWith(time: VirtualClock): DisputeDesk {
    const signer = LEDGER_ACCOUNTS.treasury;
    const open = (): Promise<LedgerAccount> =>
      LedgerAccount.connect({ url: chain.url, genesis, signer, clock: systemClock });
    const desk = new DisputeDesk({ open, clock: time, logger: new MemoryLogger() });
    chain.onClose(() => desk.close());
    return desk;
  }

  it('on a committed round is demanded, and the round voided when nobody answers', async () => {
    await commit();
    const time = clock();
    deskWith(time).file(overdue(recordHash(sha256, HEADER, header)), 'file');
    await expect.poll(async () => (await ledger.openDemands(run)).length, FINAL).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, WINDOW_MS + 500)); // the chain's clock is the real one
    await time.advance(WINDOW_MS + 10_000);
    await expect.poll(async () => (await ledger.round(run, 0))?.status, FINAL).toBe('void');
  });

  it('on a round that nobody committed halts the run', async () => {
    deskWith(clock()).file(overdue(), 'file');
    await expect.poll(async () => (await ledger.chainRun(run))?.status, FINAL).toBe('halted');
  });
});
