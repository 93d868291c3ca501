import { type Clock, type Logger, sleep } from '@tallystick/kernel';
import { Client } from 'pg';
import type { HeldElsewhere, LeadLease } from '../leader.js';
import { ELECTED_LEASE } from './fence.js';
import { reasonOf } from './open-database.js';

/** "TLYL": the session lock of whoever leads. */
const LEASE_LOCK = 0x54_4c_59_4c;
/** How often a standby looks; a killed leader's lock is free some milliseconds after its death. */
const LOOK_MS = 50;
/** A database that is away is asked again after this. */
const AWAY_MS = 250;

export interface LeaseDeps {
  /** Of a direct session: no pooler that shares sessions between transactions may stand in between. */
  readonly url: string;
  /** Name of all sessions of this process, and of no other's. */
  readonly sessionName: string;
  readonly ttlMs: number;
  /** Where this process can be reached; written into the row for people and for other coordinators. */
  readonly address: () => string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The right to lead. The row is the truth: it carries the epoch that every fenced write looks for, and a time limit by
 * PostgreSQL's clock alone. The session lock is the fast path: it is free as soon as the holder's session is dead. A holder
 * that keeps its session but no longer renews (frozen, or cut off without a FIN) has its sessions ended when its time is up.
 */
export class Lease implements LeadLease {
  readonly #deps: LeaseDeps;
  #session: Client | undefined;

  constructor(deps: LeaseDeps) {
    this.#deps = deps;
  }

  /**
   * Waits until the lease is free, takes it and gives its new epoch; undefined when `signal` aborts first. A database that
   * is away is waited for. `onLook` hears of every look at a lease that another one holds.
   */
  async take(
    onLook: (look: HeldElsewhere) => void,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { clock, logger } = this.#deps;
    while (!signal.aborted) {
      try {
        if (await this.#lock()) return await this.#enter();
        const look = await this.#look();
        onLook(look);
        if (look.remainingMs < 0) await this.#evict();
        await sleep(clock, Math.min(LOOK_MS, Math.max(1, look.remainingMs)), signal);
      } catch (error) {
        logger.warn('lease.away', { reason: reasonOf(error) });
        this.#leave();
        await sleep(clock, AWAY_MS, signal);
      }
    }
    this.#leave();
    return undefined;
  }

  /** True while `epoch` still leads, and then for `ttlMs` more. Rejects when the database does not answer. */
  async renew(epoch: number): Promise<boolean> {
    try {
      // A new session after a lost one: another process may have the lock, and then takes the epoch.
      if (this.#session === undefined && !(await this.#lock())) return false;
      return await this.#extend(epoch, this.#deps.ttlMs);
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  /** Lets the next one in at once; harmless when the lease is lost already. */
  async release(epoch: number): Promise<void> {
    if (this.#session !== undefined) await this.#extend(epoch, 0).catch(() => false);
    this.#leave();
  }

  async #extend(epoch: number, ms: number): Promise<boolean> {
    const rows = await this.#ask(
      `UPDATE leases SET until = clock_timestamp() + $3 * interval '1 ms', holder = $4
       WHERE name = $1 AND epoch = $2 RETURNING epoch`,
      [ELECTED_LEASE, epoch, ms, this.#deps.address()],
    );
    return rows.length === 1;
  }

  async #lock(): Promise<boolean> {
    const [row] = await this.#ask('SELECT pg_try_advisory_lock($1) AS held', [LEASE_LOCK]);
    return row?.['held'] === true;
  }

  async #enter(): Promise<number> {
    const [row] = await this.#ask(
      `INSERT INTO leases (name, epoch, holder, until)
       VALUES ($1, 1, $2, clock_timestamp() + $3 * interval '1 ms')
       ON CONFLICT (name) DO UPDATE
       SET epoch = leases.epoch + 1, holder = excluded.holder, until = excluded.until
       RETURNING epoch`,
      [ELECTED_LEASE, this.#deps.address(), this.#deps.ttlMs],
    );
    return Number(row?.['epoch']);
  }

  async #look(): Promise<HeldElsewhere> {
    const [row] = await this.#ask(
      `SELECT holder, extract(epoch FROM until - clock_timestamp()) * 1000 AS remaining
       FROM leases WHERE name = $1`,
      [ELECTED_LEASE],
    );
    // No row yet: the first holder is between its lock and its row.
    return row === undefined
      ? { holder: '', remainingMs: LOOK_MS }
      : { holder: String(row['holder']), remainingMs: Number(row['remaining']) };
  }

  /**
   * Ends every session of a holder whose time is up: not only the one with the lock, since others may stand still inside
   * a transaction, or queue for it and be the next to stand still there. A holder that has just taken over has been active
   * since, and is spared.
   */
  async #evict(): Promise<void> {
    const ended = await this.#ask(
      `SELECT pg_terminate_backend(its.pid)
       FROM leases s, pg_locks l
       JOIN pg_stat_activity a USING (pid)
       JOIN pg_stat_activity its ON its.application_name = a.application_name AND its.datid = a.datid
       WHERE s.name = $1 AND s.until < clock_timestamp() AND a.state_change < s.until
         AND l.locktype = 'advisory' AND l.objid = $2 AND l.classid = 0 AND l.objsubid = 1 AND l.granted
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND its.pid <> pg_backend_pid()`,
      [ELECTED_LEASE, LEASE_LOCK],
    );
    if (ended.length > 0) this.#deps.logger.warn('lease.evicted', { sessions: ended.length });
  }

  async #ask(sql: string, values: readonly unknown[]): Promise<readonly Row[]> {
    this.#session ??= await this.#open();
    return (await this.#session.query<Row>(sql, [...values])).rows;
  }

  /** A statement that takes longer than a third of the lease is as good as an absent database. */
  async #open(): Promise<Client> {
    const { url, sessionName, ttlMs } = this.#deps;
    const session = new Client({
      connectionString: url,
      application_name: sessionName,
      connectionTimeoutMillis: ttlMs,
      statement_timeout: Math.ceil(ttlMs / 3),
      query_timeout: Math.ceil(ttlMs / 3),
      keepAlive: true,
    });
    // The next statement tells; an error event that nobody hears would end this process.
    session.on('error', () => undefined);
    await session.connect();
    return session;
  }

  /** Ends the session, and the lock with it. Not waited for: the network may be gone. */
  #leave(): void {
    this.#session?.end().catch(() => undefined);
    this.#session = undefined;
  }
}

type Row = Readonly<Record<string, unknown>>;
