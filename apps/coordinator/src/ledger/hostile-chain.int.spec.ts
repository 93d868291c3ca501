import type { SubstrateRoundLedger } from '@tallystick/chain';
import { LedgerChain, RpcBetween } from '@tallystick/chain/testing';
import { isTallyError, TallyError, toHex } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { MemoryLogger, VirtualClock } from '@tallystick/kernel/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_CRASH } from '../crash-points.js';
import { Readiness } from '../readiness.js';
import { FakeOutbox } from '../testing/fake-outbox.js';
import { TestChainRun } from '../testing/test-chain-run.js';
import { Wake } from '../wake.js';
import { CommitPublisher } from './commit-publisher.js';

const FINAL_MS = 20_000;

let chain: LedgerChain;
let between: RpcBetween;
let ledger: SubstrateRoundLedger;
let run: TestChainRun<SubstrateRoundLedger>;
let outbox: FakeOutbox;
let clock: VirtualClock;
beforeEach(async () => {
  chain = await LedgerChain.open();
  between = await RpcBetween.open(chain.url);
  chain.onClose(() => between.close());
  run = await TestChainRun.on(await chain.ledger());
  ledger = await chain.ledger(between.url);
  outbox = new FakeOutbox();
  clock = new VirtualClock();
});
afterEach(() => chain.close());

function publisher(of: SubstrateRoundLedger = ledger, rows: FakeOutbox = outbox): CommitPublisher {
  return new CommitPublisher({
    ...{ outbox: rows, ledger: of, signer: run.signer, sha256, clock },
    epochs: { step: () => Promise.resolve(false) },
    wake: new Wake(clock),
    readiness: new Readiness(),
    logger: new MemoryLogger(),
    crash: NO_CRASH,
    backlog: { set: () => undefined },
  });
}

/** Looks until every round is final, two seconds of the publisher's clock apart; a chain that is away is asked again. */
async function untilFinal(publish: CommitPublisher, rows: FakeOutbox = outbox): Promise<void> {
  const endMs = performance.now() + FINAL_MS;
  while (rows.rows.some(({ row }) => row.status !== 'final')) {
    if (performance.now() > endMs) throw new Error(`still ${rows.writes.join(', ')}`);
    await publish.step().catch((error: unknown) => {
      if (isTallyError(error) && error.disposition === 'fatal') throw error;
    });
    await clock.advance(2_000);
    await pause();
  }
}

/** Real time for the chain, which lives in this process. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

/** The client has found the chain again after it was away. */
async function connected(): Promise<void> {
  const endMs = performance.now() + FINAL_MS;
  for (;;) {
    const isThere = await ledger.finalized().then(
      () => true,
      () => false,
    );
    if (isThere) return;
    if (performance.now() > endMs) throw new Error('the client does not come back');
    await pause();
  }
}

async function until(what: string, isThere: () => boolean): Promise<void> {
  const endMs = performance.now() + FINAL_MS;
  while (!isThere()) {
    if (performance.now() > endMs) throw new Error(`never: ${what}`);
    await pause();
  }
}

/** How often the blocks of a chain hold a transaction. */
function timesIn(
  { chain: { head }, chain: blocks }: LedgerChain,
  bytes: string | undefined,
): number {
  const numbers = Array.from({ length: head.number + 1 }, (_, number) => number);
  const extrinsics = numbers.flatMap((number) => blocks.block(number)?.extrinsics ?? []);
  return extrinsics.filter((extrinsic) => toHex(extrinsic) === bytes).length;
}

const allFinal = (): boolean => chain.chain.finalized.number === chain.chain.head.number;

describe('CommitPublisher on a hostile chain', () => {
  it('a block with the commit that is retracted: final is what counts, and it lands once', async () => {
    const header = run.next();
    await chain.stop();
    const other = await LedgerChain.open({ folder: chain.folder });
    chain.onClose(() => other.close());
    await chain.start();
    const base = chain.chain.finalized;
    await connected();
    between.tamper = ({ method }) =>
      method === 'chain_getFinalizedHead' ? `0x${base.hash}` : undefined;
    outbox.add(header);
    const publish = publisher();
    await publish.step();
    await until('the commit is in a block', () => chain.chain.head.number > base.number);
    await publish.step();
    const sent = outbox.rows[0]?.row;
    expect(sent?.status).toBe('submitted');
    expect((await ledger.anchored(run.run))?.nextRound).toBe(0);

    await other.chain.seal();
    between.tamper = undefined;
    between.retarget(other.url);
    await untilFinal(publish);
    expect(outbox.writes.filter((write) => write === 'prepared')).toHaveLength(1);
    expect(outbox.rows[0]?.row.commit?.hash).toBe(sent?.commit?.hash);
    expect((await ledger.anchored(run.run))?.nextRound).toBe(1);
    expect(timesIn(other, sent?.commit?.bytes)).toBe(1);
    const { hash, number } = other.chain.head;
    expect(await ledger.committedIn(run.run, 0)).toEqual({ hash, number });
  });

  it('a chain that ends in the middle of a submission: it lands once', async () => {
    outbox.add(run.next());
    const publish = publisher();
    await publish.step();
    await chain.stop();
    await expect(publish.step()).rejects.toMatchObject({ code: 'LEDGER_UNREACHABLE' });
    await chain.start();
    await untilFinal(publish);
    const bytes = outbox.rows[0]?.row.commit?.bytes;
    expect((await ledger.anchored(run.run))?.nextRound).toBe(1);
    expect(timesIn(chain, bytes)).toBe(1);
  });

  it('a transaction that the pool dropped: the same one is sent again', async () => {
    outbox.add(run.next());
    let dropped = 0;
    between.tamper = ({ method }) =>
      method === 'author_submitExtrinsic' && dropped++ < 2 ? `0x${'00'.repeat(32)}` : undefined;
    const publish = publisher();
    await untilFinal(publish);
    expect(dropped).toBeGreaterThan(2);
    expect(outbox.writes.filter((write) => write === 'prepared')).toHaveLength(1);
    expect(timesIn(chain, outbox.rows[0]?.row.commit?.bytes)).toBe(1);
  });

  it('an era that ended: it is signed again, and the old bytes commit nothing', async () => {
    outbox.add(run.next());
    between.tamper = ({ method }) =>
      method === 'author_submitExtrinsic' ? `0x${'00'.repeat(32)}` : undefined;
    const publish = publisher();
    await publish.step();
    const first = outbox.rows[0]?.row.commit;
    for (let i = 0; i < 70; i++) await chain.chain.seal();
    await until('they are final', allFinal);
    between.tamper = undefined;
    await untilFinal(publish);
    expect(outbox.writes.filter((write) => write === 'prepared')).toHaveLength(2);
    const second = outbox.rows[0]?.row.commit;
    expect(second?.hash).not.toBe(first?.hash);
    if (first !== undefined) await ledger.submitCommit(first);
    expect((await ledger.anchored(run.run))?.nextRound).toBe(1);
    expect(timesIn(chain, first?.bytes)).toBe(0);
  });

  it('two publishers, one frozen and thawed: one commit, and the refusal of the loser is a value', async () => {
    const header = run.next();
    outbox.add(header);
    const frozenError = new TallyError('NET_CLOSED', { what: 'the process', reason: 'frozen' });
    // frozen after its transaction was durable and before it was sent
    const frozen = new Proxy(ledger, {
      get: (target, name) => {
        if (name === 'submitCommit') return () => Promise.reject(frozenError);
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    await expect(publisher(frozen).step()).rejects.toMatchObject({ code: 'NET_CLOSED' });
    const stale = outbox.rows[0]?.row.commit;
    if (stale === undefined) throw new Error('it was durable');

    await chain.chain.seal(); // in another era the same commit is another transaction
    await until('the leader sees it', allFinal);
    const taken = new FakeOutbox();
    taken.add(header);
    const second = await chain.ledger();
    const leader = publisher(second, taken);
    await leader.step();
    await until('the leader has committed', allFinal);
    await untilFinal(leader, taken);

    await ledger.submitCommit(stale); // thawed: an expected value, no exception
    expect((await ledger.commitOutcome(stale)).kind).toBe('waiting');
    expect((await ledger.anchored(run.run))?.nextRound).toBe(1);
    expect(timesIn(chain, stale.bytes) + timesIn(chain, taken.rows[0]?.row.commit?.bytes)).toBe(1);
    // signed again with a fresh nonce it is refused by the pallet, and found to be on the chain already
    await ledger.resetNonces();
    await outbox.unprepared([header]);
    await untilFinal(publisher());
    expect(outbox.rows[0]?.row.status).toBe('final');
    expect((await ledger.anchored(run.run))?.nextRound).toBe(1);
  });
});
