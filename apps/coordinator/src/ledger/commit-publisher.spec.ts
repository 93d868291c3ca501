import type { CommitOutcome, RoundLedger } from '@tallystick/chain';
import { TallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { MemoryLogger, VirtualClock } from '@tallystick/kernel/testing';
import type { VoidSpan } from '@tallystick/rounds';
import { beforeEach, describe, expect, it } from 'vitest';
import { NO_CRASH } from '../crash-points.js';
import { Readiness } from '../readiness.js';
import { FakeOutbox } from '../testing/fake-outbox.js';
import { TestChainRun } from '../testing/test-chain-run.js';
import { CommitPublisher } from './commit-publisher.js';
import { reconcile } from './reconcile.js';
import { Wake } from '../wake.js';

let chain: TestChainRun;
let outbox: FakeOutbox;
let clock: VirtualClock;
let readiness: Readiness;
beforeEach(async () => {
  readiness = new Readiness();
  chain = await TestChainRun.open();
  outbox = new FakeOutbox();
  clock = new VirtualClock();
});

/** The ledger with some methods replaced. */
function ledgerWith(changes: Partial<RoundLedger>): RoundLedger {
  return new Proxy<RoundLedger>(chain.ledger, {
    get: (target, name) => {
      const value: unknown = Reflect.get(changes, name) ?? Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function publisher(ledger: RoundLedger = chain.ledger, wake = new Wake(clock)): CommitPublisher {
  return new CommitPublisher({
    outbox,
    epochs: { step: () => Promise.resolve(false) },
    ledger,
    signer: chain.signer,
    sha256,
    wake,
    clock,
    logger: new MemoryLogger(),
    crash: NO_CRASH,
    readiness,
    backlog: { set: () => undefined },
  });
}

async function nextRound(): Promise<number | undefined> {
  return (await chain.ledger.anchored(chain.run))?.nextRound;
}

describe('CommitPublisher', () => {
  it('carries what waits in one transaction, durable before it is sent', async () => {
    for (let i = 0; i < 3; i++) outbox.add(chain.next());
    const publish = publisher();
    expect(await publish.step()).toBe(true);
    expect(outbox.writes).toEqual(['prepared', 'submitted']);
    expect(new Set(outbox.rows.map(({ row }) => row.commit?.hash)).size).toBe(1);
    await publish.step();
    expect(await nextRound()).toBe(3);
    expect(await publish.step()).toBe(false);
    expect(outbox.writes).toEqual(['prepared', 'submitted', 'final']);
  });

  it('gives the nonce back of a transaction that could not be made durable', async () => {
    outbox.add(chain.next());
    let resets = 0;
    const ledger = ledgerWith({ resetNonces: () => Promise.resolve(void resets++) });
    outbox.prepared = () => Promise.reject(new TallyError('STORE_DATABASE', { reason: 'away' }));
    await expect(publisher(ledger).step()).rejects.toMatchObject({ code: 'STORE_DATABASE' });
    expect(resets).toBe(1);
  });

  it('keeps the order: a later round waits for the transaction in flight', async () => {
    const outcomes: CommitOutcome[] = [{ kind: 'waiting' }, { kind: 'waiting' }];
    const slow = ledgerWith({
      commitOutcome: (commit) =>
        Promise.resolve(outcomes.shift() ?? chain.ledger.commitOutcome(commit)),
    });
    outbox.add(chain.next());
    const publish = publisher(slow);
    await publish.step();
    outbox.add(chain.next());
    for (let i = 0; i < 2; i++) await publish.step();
    expect(outbox.rows[1]?.row.commit).toBeUndefined();
    for (let i = 0; i < 4; i++) await publish.step();
    expect(await nextRound()).toBe(2);
  });

  it('F: sends the same bytes again after a crash between durable and sent', async () => {
    outbox.add(chain.next());
    const unreachable = new TallyError('LEDGER_UNREACHABLE', { url: 'ws://x', reason: 'away' });
    const cut = ledgerWith({ submitCommit: () => Promise.reject(unreachable) });
    await expect(publisher(cut).step()).rejects.toMatchObject({ code: 'LEDGER_UNREACHABLE' });
    const stored = outbox.rows[0]?.row.commit;
    const sent: string[] = [];
    const again = ledgerWith({
      submitCommit: (commit) => {
        sent.push(commit.bytes);
        return chain.ledger.submitCommit(commit);
      },
    });
    await publisher(again).step();
    expect(sent).toEqual([stored?.bytes]);
    expect(outbox.rows[0]?.row.status).toBe('final');
    expect(await nextRound()).toBe(1);
  });

  it('signs again what can never be included any more', async () => {
    outbox.add(chain.next());
    let isExpired = true;
    const forgetful = ledgerWith({
      submitCommit: (commit) => (isExpired ? Promise.resolve() : chain.ledger.submitCommit(commit)),
      commitOutcome: (commit) =>
        isExpired ? Promise.resolve({ kind: 'expired' }) : chain.ledger.commitOutcome(commit),
    });
    const publish = publisher(forgetful);
    await publish.step();
    const first = outbox.rows[0]?.row.commit?.hash;
    await publish.step();
    expect(outbox.rows[0]?.row).toMatchObject({ status: 'pending', attempts: 1 });
    isExpired = false;
    await publish.step();
    expect(outbox.rows[0]?.row.commit?.hash).not.toBe(first);
    await publish.step();
    expect(await nextRound()).toBe(1);
  });

  it('sends the same transaction again to a chain that has forgotten it', async () => {
    outbox.add(chain.next());
    let sent = 0;
    const forgetful = ledgerWith({
      submitCommit: (commit) =>
        sent++ === 0 ? Promise.resolve() : chain.ledger.submitCommit(commit),
      commitOutcome: (commit) =>
        sent > 1 ? chain.ledger.commitOutcome(commit) : Promise.resolve({ kind: 'waiting' }),
    });
    const publish = publisher(forgetful);
    for (let i = 0; i < 3; i++) await publish.step();
    const first = outbox.rows[0]?.row.commit?.hash;
    expect(sent).toBe(1);
    await clock.advance(2_000);
    for (let i = 0; i < 2; i++) await publish.step();
    expect(sent).toBe(2);
    expect(outbox.rows[0]?.row).toMatchObject({ status: 'final', commit: { hash: first } });
  });

  it('signs again what stays silent for two minutes', async () => {
    outbox.add(chain.next());
    const deaf = ledgerWith({
      submitCommit: () => Promise.resolve(),
      commitOutcome: () => Promise.resolve({ kind: 'waiting' }),
    });
    const publish = publisher(deaf);
    for (let i = 0; i < 3; i++) await publish.step();
    const first = outbox.rows[0]?.row.commit?.hash;
    await clock.advance(120_001);
    await publish.step();
    expect(outbox.rows[0]?.row.commit).toBeUndefined();
    await publish.step();
    expect(outbox.rows[0]?.row.commit?.hash).not.toBe(first);
  });

  it('takes a round that the chain has already as final', async () => {
    const header = chain.next();
    outbox.add(header);
    await chain.commitElsewhere(header);
    const publish = publisher();
    for (let i = 0; i < 2; i++) await publish.step();
    expect(outbox.rows[0]?.row.status).toBe('final');
  });

  it('stops at another header of the same round', async () => {
    const here = chain.next();
    await chain.commitElsewhere({ ...here, cohort: 2 });
    outbox.add(here);
    const publish = publisher();
    await publish.step();
    await expect(publish.step()).rejects.toMatchObject({ code: 'LEDGER_CONFLICT' });
  });

  it('lets a run rest whose header the chain refuses for its own reasons, says so, and tries again', async () => {
    outbox.add(chain.next({ chain: chain.next().modelAfter }));
    const stop = new AbortController();
    const running = publisher().run(stop.signal);
    await clock.advance(10_000);
    expect(await readiness.troubles()).toEqual({});
    await clock.advance(60_000);
    expect((await readiness.troubles())['refused']?.message).toContain(`run ${chain.run}`);
    const tried = outbox.rows[0]?.row.attempts ?? 0;
    expect(tried).toBeGreaterThan(8);
    expect(tried).toBeLessThan(16); // it is no busy loop
    await clock.advance(30_000);
    expect(outbox.rows[0]?.row.attempts).toBeGreaterThan(tried);
    stop.abort();
    await clock.advance(1);
    await running;
  });

  it('carries the rounds of another run while one is refused', async () => {
    const other = await chain.beside();
    const stop = new AbortController();
    const running = publisher().run(stop.signal);
    const refused = chain.next();
    chain.ledger.voidFrom(chain.run, 0);
    for (let i = 0; i < 20; i++) {
      if (i < 3) outbox.add(i === 0 ? refused : chain.next());
      outbox.add(other.next());
      await clock.advance(5_000);
    }
    expect((await chain.ledger.anchored(other.run))?.nextRound).toBe(20);
    const stuck = outbox.rows.filter(({ row }) => row.run === chain.run).map(({ row }) => row);
    expect(stuck.map(({ status }) => status)).toEqual(['pending', 'pending', 'pending']);
    expect((await readiness.troubles())['refused']?.message).toContain(`run ${chain.run}: `);
    stop.abort();
    await clock.advance(1);
    await running;
  });

  it('sleeps until a round closes, and goes on after a fault', async () => {
    const wake = new Wake(clock);
    let faults = 2;
    const shaky = ledgerWith({
      prepareCommit: (rounds) =>
        faults-- > 0 ? Promise.reject(new Error('away')) : chain.ledger.prepareCommit(rounds),
    });
    const stop = new AbortController();
    const running = publisher(shaky, wake).run(stop.signal);
    await clock.advance(1);
    outbox.add(chain.next());
    wake.set();
    await clock.advance(2_000);
    expect(await nextRound()).toBe(1);
    stop.abort();
    await running;
    expect(clock.pending).toBe(0);
  });

  it('sends a lone round at once, and those that close right after it together', async () => {
    const wake = new Wake(clock);
    const stop = new AbortController();
    const running = publisher(chain.ledger, wake).run(stop.signal);
    const close = (): void => {
      outbox.add(chain.next());
      wake.set();
    };
    await clock.advance(1);
    close();
    await clock.advance(100);
    expect(await nextRound()).toBe(1);
    for (let i = 0; i < 3; i++) {
      close();
      await clock.advance(40);
    }
    expect(outbox.writes).toEqual(['prepared', 'submitted', 'final']);
    await clock.advance(100);
    expect(await nextRound()).toBe(4);
    expect(outbox.writes.filter((write) => write === 'prepared')).toHaveLength(2);
    stop.abort();
    await running;
  });
});

describe('reconcile', () => {
  let spans: readonly VoidSpan[] = [];
  beforeEach(() => (spans = []));
  const depsWith = (ledger: Pick<RoundLedger, 'round' | 'anchored'>) => ({
    outbox,
    ledger,
    sha256,
    voids: { ofRuns: () => Promise.resolve(new Map([[chain.run, spans]])) },
    takeVoids: async () => {
      spans = (await chain.ledger.voids()).get(chain.run) ?? [];
      outbox.voided(spans);
    },
  });
  const run = (): Promise<void> => reconcile([chain.run], depsWith(chain.ledger));

  it('finds nothing to do when both agree', async () => {
    await run();
    outbox.add(chain.next());
    await run();
    expect(outbox.rows[0]?.row.status).toBe('pending');
  });

  it('marks as final what the chain has already', async () => {
    const header = chain.next();
    outbox.add(header);
    await chain.commitElsewhere(header);
    await run();
    expect(outbox.rows[0]?.row.status).toBe('final');
  });

  it('takes a round that lands between two reads for what it is', async () => {
    const header = chain.next();
    outbox.add(header);
    let looks = 0;
    const ledger = ledgerWith({
      anchored: async (of) => {
        if (looks++ === 0) await chain.commitElsewhere(header);
        return chain.ledger.anchored(of);
      },
    });
    await reconcile([chain.run], depsWith(ledger));
    expect(outbox.rows[0]?.row.status).toBe('final');
  });

  it('takes no offence at a chain that goes on between two questions', async () => {
    const [first, second] = [chain.next(), chain.next()];
    outbox.add(first);
    outbox.add(second);
    const sent = [first, second];
    const goOn = async <T>(answer: Promise<T>): Promise<T> => {
      const then = await answer;
      const next = sent.shift();
      if (next !== undefined) await chain.commitElsewhere(next);
      return then;
    };
    const ledger = {
      anchored: (id: typeof chain.run) => goOn(chain.ledger.anchored(id)),
      round: (id: typeof chain.run, round: number) => goOn(chain.ledger.round(id, round)),
    };
    await reconcile([chain.run], depsWith(ledger));
    expect(outbox.rows.map(({ row }) => row.status)).toEqual(['pending', 'pending']);
    await reconcile([chain.run], depsWith(ledger));
    expect(await nextRound()).toBe(2);
    await run();
    expect(outbox.rows.map(({ row }) => row.status)).toEqual(['final', 'final']);
  });

  it('finds rounds void that the chain has voided, and no conflict in the numbers it skips', async () => {
    const [first, second, third] = [chain.next(), chain.next(), chain.next()];
    for (const header of [first, second, third]) outbox.add(header);
    await chain.commitElsewhere(first);
    await chain.commitElsewhere(second);
    chain.ledger.voidFrom(chain.run, 1);
    await run();
    expect(outbox.rows.map(({ row }) => row.status)).toEqual(['final', 'void', 'void']);
    await run();
    spans = []; // a database that does not know of it
    const blind = { ...depsWith(chain.ledger), takeVoids: () => Promise.resolve() };
    await expect(reconcile([chain.run], blind)).rejects.toMatchObject({ code: 'LEDGER_CONFLICT' });
  });

  it('refuses a chain that holds another header, more rounds or fewer rounds', async () => {
    const header = chain.next();
    await chain.commitElsewhere(header);
    await expect(run()).rejects.toMatchObject({ code: 'LEDGER_CONFLICT' }); // more than here
    outbox.add({ ...header, cohort: 9 });
    await expect(run()).rejects.toMatchObject({ code: 'LEDGER_CONFLICT' }); // another one
    outbox.rows.length = 0;
    outbox.add(header);
    outbox.add(chain.next());
    for (const { row } of outbox.rows) await outbox.final([row]);
    await expect(run()).rejects.toMatchObject({ code: 'LEDGER_CONFLICT' }); // fewer than here
  });
});
