import { type Clock, type RunId } from '@tallystick/kernel';
import { systemClock } from '@tallystick/kernel/node';
import { MemoryLogger, VirtualClock } from '@tallystick/kernel/testing';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HeldElsewhere } from '../leader.js';
import { startTestPostgres, type TestPostgres } from '../testing/test-postgres.js';
import { Claims } from './claims.js';
import { EventFeed } from './event-feed.js';
import { ELECTED_LEASE, type Fence, runLease } from './fence.js';
import { Lease } from './lease.js';
import { databaseOptions, openDatabase } from './open-database.js';
import { UnitOfWork } from './unit-of-work.js';

const TTL_MS = 900;
const RUN = 7 as RunId;
const clock: Clock = systemClock;

/**
 * The lease on real PostgreSQL. "Frozen" is a holder that no longer renews but keeps its session, as SIGSTOP leaves it;
 * "cut off" is one whose session is gone although it still runs.
 */
describe('Lease', () => {
  let postgres: TestPostgres;
  let url: string;
  let source: DataSource;
  let work: UnitOfWork;
  let claims: Claims;
  let stop: AbortController;
  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    url = await postgres.database();
    source = await openDatabase(
      databaseOptions(url, { poolSize: 4, leaseMs: TTL_MS, sessionName: 'frozen' }),
    );
    work = new UnitOfWork(source, new EventFeed(), new VirtualClock());
    claims = new Claims(work);
    stop = new AbortController();
    await source.query(
      `INSERT INTO runs (id, name, spec_hash, spec, genesis_model, pot, status, model, last_event, created_at)
       VALUES ($1, 'x', '', '', '', 0, 'running', '', 0, now())`,
      [RUN],
    );
  });
  afterEach(async () => {
    stop.abort();
    await source.destroy();
  });

  const lease = (name: string): Lease => {
    const address = (): string => `http://${name}`;
    return new Lease({
      url,
      sessionName: name,
      ttlMs: TTL_MS,
      address,
      clock,
      logger: new MemoryLogger(),
    });
  };
  /** Takes it and gives the epoch and how long that took. */
  async function take(
    by: Lease,
    looks: HeldElsewhere[] = [],
  ): Promise<{ epoch: number; ms: number }> {
    const sinceMs = performance.now();
    const epoch = await by.take((look) => looks.push(look), stop.signal);
    if (epoch === undefined) throw new Error('aborted');
    return { epoch, ms: performance.now() - sinceMs };
  }
  const write = (fence: Fence): Promise<void> =>
    work.run((tx) => tx.tell(RUN, { type: 'round.opened', detail: {} }), fence);
  const events = async (): Promise<number> =>
    Number((await source.query('SELECT count(*) FROM events'))[0].count);
  const sessions = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory') AND datname = current_database()`;

  it('goes to one; a standby sees who has it, and gets it at once when it is given back', async () => {
    const [first, second] = [lease('first'), lease('second')];
    expect((await take(first)).epoch).toBe(1);
    const looks: HeldElsewhere[] = [];
    const waiting = take(second, looks);
    await expect.poll(() => looks.at(-1)?.holder).toBe('http://first');
    expect(looks.at(-1)?.remainingMs).toBeGreaterThan(0);
    expect(await first.renew(1)).toBe(true);
    const releasedAtMs = performance.now();
    await first.release(1);
    expect((await waiting).epoch).toBe(2);
    expect(performance.now() - releasedAtMs).toBeLessThan(TTL_MS / 2);
    expect(await first.renew(1)).toBe(false);
  });

  it('goes to the standby in milliseconds when the session of the holder dies, and fences the holder', async () => {
    const [first, second] = [lease('first'), lease('second')];
    const { epoch } = await take(first);
    const fence = await claims.claim(runLease(RUN), epoch);
    await write(fence);
    const waiting = take(second);
    await source.query(sessions);
    const next = await waiting;
    expect(next.epoch).toBe(epoch + 1);
    expect(next.ms).toBeLessThan(TTL_MS / 2);
    // The holder is alive and does not know yet: the lock alone would let it write on.
    const nextFence = await claims.claim(runLease(RUN), next.epoch);
    await expect(write(fence)).rejects.toMatchObject({ code: 'ROUND_FENCED' });
    await write(nextFence);
    expect(await events()).toBe(2);
    await expect(first.renew(epoch)).rejects.toThrow(); // its session is gone
    expect(await first.renew(epoch)).toBe(false); // and in a new one it learns the truth
  });

  it('goes to the standby when a frozen holder has used up its time, and not before', async () => {
    const [frozen, second] = [lease('frozen'), lease('second')];
    const { epoch } = await take(frozen);
    const next = await take(second);
    expect(next.epoch).toBe(epoch + 1);
    expect(next.ms).toBeGreaterThan(TTL_MS * 0.8);
    expect(next.ms).toBeLessThan(TTL_MS + 500);
    await expect(frozen.renew(epoch)).rejects.toThrow(); // it was evicted
    expect(await frozen.renew(epoch)).toBe(false);
  });

  it('spares one that took over from a frozen holder a moment ago', async () => {
    const frozen = lease('frozen');
    await take(frozen);
    const takers = [lease('a'), lease('b'), lease('c')];
    const taken: Lease[] = [];
    for (const by of takers)
      void take(by).then(
        () => taken.push(by),
        () => undefined,
      );
    await expect.poll(() => taken.length, { timeout: 3 * TTL_MS }).toBe(1);
    expect(await taken[0]?.renew(2)).toBe(true);
    expect(taken.length).toBe(1);
  });

  it.each([
    ['its sessions are ended with the lease', 'frozen'],
    ['the server ends an idle transaction', 'not the one of the pool'],
  ])('waits for a write that stands still while it holds the fence, until %s', async (_, name) => {
    const { epoch } = await take(lease(name));
    const fence = await claims.claim(runLease(RUN), epoch);
    let thaw: () => void = () => undefined;
    const frozen = new Promise<void>((resolve) => (thaw = resolve));
    let isInside = false;
    const still = work.run(async (tx) => {
      await tx.tell(RUN, { type: 'round.opened', detail: {} });
      isInside = true;
      await frozen;
    }, fence);
    await expect.poll(() => isInside).toBe(true);
    // They wait for the row that the first one has locked, and would be the next to stand still.
    const queued = [1, 2].map(() =>
      work.run(async (tx) => {
        await tx.tell(RUN, { type: 'round.opened', detail: {} });
        if (name === 'frozen') await frozen;
      }, fence),
    );
    const outcomes = Promise.allSettled([still, ...queued]);
    const sinceMs = performance.now();
    const next = await take(lease('second'));
    await claims.claim(runLease(RUN), next.epoch);
    expect(performance.now() - sinceMs).toBeLessThan(TTL_MS + 700);
    thaw();
    expect((await outcomes)[0]).toMatchObject({ reason: { code: 'STORE_DATABASE' } });
    const written = await events(); // without the eviction, the queue was not frozen and came before the claim
    expect(written).toBe(name === 'frozen' ? 0 : 2);
  });

  it('refuses claims of an epoch that is over, and never lowers one', async () => {
    const first = lease('first');
    const old = await take(first);
    await first.release(old.epoch);
    const next = await take(lease('second'));
    await claims.claim(runLease(RUN), next.epoch);
    await expect(claims.claim(runLease(RUN), old.epoch)).rejects.toMatchObject({
      code: 'ROUND_FENCED',
    });
    await expect(claims.claim('run/8', old.epoch)).rejects.toMatchObject({ code: 'ROUND_FENCED' });
    expect(await claims.claim(runLease(RUN), next.epoch)).toEqual({
      name: 'run/7',
      epoch: next.epoch,
    });
  });

  it('fences work that writes no event as well', async () => {
    const { epoch } = await take(lease('first'));
    const touch = (fence: Fence): Promise<void> =>
      work.run(
        async ({ manager }) => void (await manager.query('UPDATE runs SET name = $1', ['y'])),
        fence,
      );
    await touch({ name: ELECTED_LEASE, epoch });
    await expect(touch({ name: ELECTED_LEASE, epoch: epoch + 1 })).rejects.toMatchObject({
      code: 'ROUND_FENCED',
    });
  });

  it('numbers the events of concurrent fenced writers without a gap', async () => {
    const { epoch } = await take(lease('first'));
    const fence = await claims.claim(runLease(RUN), epoch);
    await Promise.all(Array.from({ length: 40 }, () => write(fence)));
    const numbers: { number: string }[] = await source.query(
      'SELECT number FROM events ORDER BY number',
    );
    expect(numbers.map(({ number }) => Number(number))).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
  });

  it('keeps the epoch through a lost session when nobody else came', async () => {
    const only = lease('only');
    const { epoch } = await take(only);
    const admin = new Client({ connectionString: url });
    await admin.connect();
    await admin.query(sessions);
    await admin.end();
    await expect(only.renew(epoch)).rejects.toThrow();
    expect(await only.renew(epoch)).toBe(true);
  });
});
