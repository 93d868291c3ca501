import { asHash, asRunId } from '@tallystick/kernel';
import { VirtualClock } from '@tallystick/kernel/testing';
import type { ContributionRow } from '@tallystick/rounds';
import { PROMISE, RECEIPT } from '@tallystick/record';
import { journalContract } from '@tallystick/rounds/testing';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_CRASH } from '../crash-points.js';
import { ContributionEntity, EventEntity, OutboxEntity, RunEntity } from './entities/index.js';
import { EventFeed } from './event-feed.js';
import { databaseOptions, openDatabase } from './open-database.js';
import { OutboxRows } from './outbox-rows.js';
import { PgRoundJournal } from './pg-round-journal.js';
import { recordHex } from './record-list.js';
import { startTestPostgres, type TestPostgres } from '../testing/test-postgres.js';
import { UnitOfWork } from './unit-of-work.js';
import { VoidRows } from './void-rows.js';

const RUN = asRunId(3);
const HASH = asHash('0a'.repeat(32));

describe('PgRoundJournal', () => {
  let postgres: TestPostgres;
  let source: DataSource;
  let woken: number[];

  beforeAll(async () => {
    postgres = await startTestPostgres();
    source = await openDatabase(databaseOptions(await postgres.database()));
  });
  afterAll(async () => {
    await source.destroy();
    await postgres.stop();
  });

  const adapter = (): PgRoundJournal => {
    const feed = new EventFeed();
    feed.watch(RUN, () => woken.push(woken.length));
    const work = new UnitOfWork(source, feed, new VirtualClock());
    return new PgRoundJournal(work, { crash: NO_CRASH, closed: () => woken.push(-1) });
  };

  const voidRows = (): VoidRows =>
    new VoidRows(new UnitOfWork(source, new EventFeed(), new VirtualClock()));

  const emptyJournal = async (): Promise<PgRoundJournal> => {
    woken = [];
    await source.query('TRUNCATE runs CASCADE');
    await source.manager.insert(RunEntity, {
      id: RUN,
      name: 'heart',
      specHash: HASH,
      spec: '{}',
      genesisModel: HASH,
      pot: 1_000n,
      status: 'running',
      model: HASH,
      lastEvent: 0,
      createdAt: new Date(0),
    });
    return adapter();
  };

  journalContract('PostgreSQL', async () => ({
    journal: await emptyJournal(),
    reopen: adapter,
    voided: (...spans) => voidRows().take(RUN, spans),
  }));

  it('counts a void round nowhere, goes back to the model before it and tells the watchers', async () => {
    const journal = await emptyJournal();
    const { open, row, close } = samples();
    for (const round of [0, 1]) {
      await journal.open({ ...open, round });
      await journal.append(RUN, round, [row]);
      const modelAfter = asHash(`${round + 1}`.repeat(64));
      await journal.close({ ...close, round, header: { ...close.header, round, modelAfter } });
    }
    await source.manager.update(
      RunEntity,
      { id: RUN },
      { status: 'completed', endedAt: new Date(1) },
    );
    await voidRows().take(RUN, [{ from: 1, until: 1_026 }]);
    const outbox = await source.manager.find(OutboxEntity, { order: { round: 'ASC' } });
    expect(outbox.map(({ status }) => status)).toEqual(['pending', 'void']);
    expect(await source.manager.findOneByOrFail(RunEntity, { id: RUN })).toMatchObject({
      ...{ model: '1'.repeat(64), voidUntil: 1_026, status: 'running', endedAt: null },
    });
    const events = await source.manager.find(EventEntity, { order: { number: 'ASC' } });
    expect(events.slice(-2).map(({ type, round, detail }) => [type, round, detail])).toEqual([
      ['round.voided', 1, { until: 1_026, rounds: 1 }],
      ['run.reopened', null, {}],
    ]);
    const rows = new OutboxRows(new UnitOfWork(source, new EventFeed(), new VirtualClock()));
    expect((await rows.waiting(9)).map(({ round }) => round)).toEqual([0]);
    await rows.final([
      { run: RUN, round: 0 },
      { run: RUN, round: 1 },
    ]);
    expect((await rows.newestFinal(RUN))?.round).toBe(0);
    expect(await rows.waiting(9, [RUN])).toEqual([]);
  });

  it('writes outbox row, model and events in the transaction of the close', async () => {
    const journal = await emptyJournal();
    const { open, row, close } = samples();
    await journal.open(open);
    await journal.append(RUN, 0, [row]);
    await journal.close(close);
    expect(await source.manager.countBy(OutboxEntity, { runId: RUN, status: 'pending' })).toBe(1);
    const run = await source.manager.findOneByOrFail(RunEntity, { id: RUN });
    expect(run.model).toBe(close.header.modelAfter);
    const events = await source.manager.find(EventEntity, { order: { number: 'ASC' } });
    expect(events.map(({ number, type }) => [number, type])).toEqual([
      [1, 'round.opened'],
      [2, 'update.accepted'],
      [3, 'round.closed'],
    ]);
    expect(woken).toEqual([0, 1, 2, -1]);
  });

  it('leaves nothing of a transaction that failed in the middle', async () => {
    await emptyJournal();
    const { open, close } = samples();
    const work = new UnitOfWork(source, new EventFeed(), new VirtualClock());
    const crash = {
      isDue: (point: string) => point === 'inside-close',
      hit: (point: string): void => {
        if (point === 'inside-close') throw new Error('killed');
      },
    };
    const journal = new PgRoundJournal(work, { crash, closed: () => undefined });
    await journal.open(open);
    await expect(journal.close(close)).rejects.toMatchObject({ code: 'STORE_DATABASE' });
    expect(await source.manager.count(OutboxEntity)).toBe(0);
    expect((await journal.load(RUN)).open?.round).toBe(0);
  });

  it('waits for the last write of a process that died before it says where a run stands', async () => {
    const journal = await emptyJournal();
    const { open, row } = samples();
    await journal.open(open);
    const dead = source.createQueryRunner();
    try {
      await dead.startTransaction();
      await dead.query('SELECT 1 FROM rounds WHERE run_id = $1 FOR UPDATE', [RUN]);
      const loading = adapter().load(RUN);
      await adapter().load(asRunId(4)); // another run waits for nothing
      await dead.manager.insert(ContributionEntity, {
        runId: RUN,
        round: 0,
        nodeId: row.node,
        receipt: recordHex(RECEIPT, row.receipt),
        receiptSignature: row.receiptSignature,
        weight: row.weight,
        promise: recordHex(PROMISE, row.promise),
        acceptedAt: new Date(0),
      });
      await dead.commitTransaction();
      expect((await loading).open?.contributions).toEqual([row]);
    } finally {
      await dead.release();
    }
  });

  it('moves several rounds on their way to the chain at once, and tells of each in order', async () => {
    const journal = await emptyJournal();
    const { open, close } = samples();
    for (const round of [0, 1, 2]) {
      await journal.open({ ...open, round });
      await journal.close({ ...close, round, header: { ...close.header, round } });
    }
    const outbox = new OutboxRows(new UnitOfWork(source, new EventFeed(), new VirtualClock()));
    const commit = { nonce: 4, lastBlock: 70, bytes: 'abcd', hash: HASH };
    const both = [0, 1].map((round) => ({ run: RUN, round }));
    await outbox.prepared(both, commit);
    await outbox.submitted(both);
    expect((await outbox.waiting(9)).map((row) => [row.round, row.status, row.commit])).toEqual([
      [0, 'submitted', commit],
      [1, 'submitted', commit],
      [2, 'pending', undefined],
    ]);
    await outbox.unprepared([{ run: RUN, round: 1 }]);
    expect((await outbox.waiting(9))[1]).toMatchObject({ status: 'pending', attempts: 1 });
    await outbox.final(both, { number: 66, hash: HASH });
    expect((await outbox.waiting(9)).map(({ round }) => round)).toEqual([2]);
    const events = await source.manager.find(EventEntity, { order: { number: 'ASC' }, skip: 6 });
    expect(events.map(({ number, type, round, detail }) => [number, type, round, detail])).toEqual([
      [7, 'round.committed', 0, { block: 66, blockHash: HASH }],
      [8, 'round.committed', 1, { block: 66, blockHash: HASH }],
    ]);
    const stale = outbox.under({ name: 'ledger', epoch: 1 });
    const late = [{ run: RUN, round: 2 }];
    await expect(stale.final(late)).rejects.toMatchObject({ code: 'ROUND_FENCED' });
    await expect(stale.submitted(late)).rejects.toMatchObject({ code: 'ROUND_FENCED' });
    expect(await source.manager.count(EventEntity)).toBe(8);
    expect((await outbox.waiting(9))[0]?.status).toBe('pending');
  });

  it('says why a write is refused, and writes nothing of it', async () => {
    const journal = await emptyJournal();
    const { open, row, close } = samples();
    await expect(journal.append(RUN, 0, [row])).rejects.toMatchObject({
      code: 'USAGE_UNKNOWN_ROUND',
    });
    await journal.open(open);
    const fenced = journal.under({ name: 'run/3', epoch: 1 });
    await expect(fenced.append(RUN, 0, [row])).rejects.toMatchObject({ code: 'ROUND_FENCED' });
    await expect(fenced.close(close)).rejects.toMatchObject({ code: 'ROUND_FENCED' });
    await journal.close(close);
    await expect(journal.append(RUN, 0, [row])).rejects.toMatchObject({ code: 'ROUND_CLOSED' });
    await expect(journal.close(close)).rejects.toMatchObject({ code: 'ROUND_CLOSED' });
    expect(await source.manager.count(EventEntity)).toBe(2);
    expect((await journal.load(RUN)).last).toEqual([]);
  });

  it('lets one of an append and a close that meet come first, and the other see it', async () => {
    const journal = await emptyJournal();
    const { open, row, close } = samples();
    for (let round = 0; round < 20; round++) {
      await journal.open({ ...open, round });
      const header = { ...close.header, round };
      const [appended] = await Promise.allSettled([
        journal.append(RUN, round, [row]),
        journal.close({ ...close, round, header }),
        new UnitOfWork(source, new EventFeed(), new VirtualClock()).run((tx) =>
          tx.tell(RUN, { type: 'node.evaluated', detail: {} }),
        ),
      ]);
      const refusal = appended.status === 'rejected' ? appended.reason.code : 'ROUND_CLOSED';
      expect(refusal).toBe('ROUND_CLOSED');
    }
    const events = await source.manager.find(EventEntity, { order: { number: 'ASC' } });
    expect(events.map(({ number }) => number)).toEqual(events.map((_, i) => i + 1));
    const rounds = events.filter(({ type }) => type !== 'node.evaluated');
    const late = rounds.filter(
      ({ type, round }, i) =>
        type === 'update.accepted' &&
        (rounds[i + 1].type !== 'round.closed' || rounds[i + 1].round !== round),
    );
    expect(late).toEqual([]);
  });

  it('numbers the events of concurrent writers without a gap, in the order of their commits', async () => {
    await emptyJournal();
    const work = new UnitOfWork(source, new EventFeed(), new VirtualClock());
    const tellings = Array.from({ length: 40 }, (_, i) =>
      work.run((tx) => tx.tell(RUN, { type: 'node.evaluated', detail: { i } })),
    );
    await Promise.all(tellings);
    const events = await source.manager.find(EventEntity, { order: { number: 'ASC' } });
    expect(events.map(({ number }) => number)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });
});

/** Records of one round; their contents are the contract suite's business. */
function samples() {
  const zero = asHash('00'.repeat(32));
  const node = 1 as ContributionRow['node'];
  const task = {
    chain: HASH,
    run: RUN,
    round: 0,
    prev: HASH,
    spec: HASH,
    model: HASH,
    state: zero,
    atBlock: 1,
    atHash: HASH,
    cohortRoot: HASH,
    cohort: 1,
    unit: 1n,
    deadlineMs: 5n,
  };
  const receipt = {
    chain: HASH,
    run: RUN,
    round: 0,
    prev: HASH,
    task: HASH,
    node,
    keyEpoch: 0,
    update: HASH,
    updateBytes: 1n,
    numExamples: 1n,
    lossBefore: 0n,
    lossAfter: 0n,
    policy: zero,
    salt: '00'.repeat(16),
  };
  const promise = { chain: HASH, run: RUN, round: 0, node, receipt: HASH, dueMs: 1n };
  const header = {
    chain: HASH,
    mode: 0,
    run: RUN,
    round: 0,
    prev: HASH,
    task: HASH,
    atBlock: 1,
    modelBefore: HASH,
    modelAfter: asHash('0b'.repeat(32)),
    stateAfter: zero,
    contribRoot: HASH,
    included: 1,
    sumWeight: 1n,
    excludedRoot: zero,
    excluded: 0,
    cohort: 1,
    metrics: HASH,
    deadlineMs: 5n,
    closedAtMs: 4n,
  };
  const signature = 'cd'.repeat(64) as ContributionRow['receiptSignature'];
  return {
    open: { run: RUN, round: 0, task, cohort: [] },
    row: { node, receipt, receiptSignature: signature, weight: 1n, promise },
    close: { run: RUN, round: 0, header, headerHash: HASH, exclusions: [], metrics: '{}' },
  };
}
