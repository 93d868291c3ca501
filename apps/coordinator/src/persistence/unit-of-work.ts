import { type Clock, isTallyError, type RunId, TallyError } from '@tallystick/kernel';
import type { RunEvent } from '@tallystick/protocol';
import { type DataSource, type EntityManager, QueryFailedError } from 'typeorm';
import { EventEntity } from './entities/index.js';
import type { EventFeed } from './event-feed.js';
import type { Fence } from './fence.js';
import { reasonOf } from './open-database.js';

/** An event before it has a number. In `detail`, u64 and larger are decimal strings. */
export type NewEvent = Pick<RunEvent, 'type' | 'round' | 'node' | 'detail'>;

const ALLOT = 'UPDATE runs SET last_event = last_event + $2 WHERE id = $1';
/** The look at the lease costs no statement of its own. */
const FENCED_ALLOT = `
WITH fence AS MATERIALIZED (SELECT FROM leases WHERE name = $3 AND epoch = $4 FOR SHARE)
${ALLOT} AND EXISTS (SELECT FROM fence)`;
const FENCE = 'SELECT 1 AS held FROM leases WHERE name = $1 AND epoch = $2 FOR SHARE';

/** One open SQL transaction. */
export class Transaction {
  readonly #clock: Clock;
  readonly #fence: Fence | undefined;
  #isHeld = false;
  readonly touched = new Set<RunId>();
  readonly manager: EntityManager;

  constructor(manager: EntityManager, clock: Clock, fence: Fence | undefined) {
    this.manager = manager;
    this.#clock = clock;
    this.#fence = fence;
  }

  now(): Date {
    return new Date(this.#clock.nowMs());
  }

  /**
   * Appends events of `run`, at least one. Their numbers are taken under the run row's lock and kept until the commit,
   * so numbers appear in order: a watcher that has read number n will never see a smaller one later.
   */
  async tell(run: RunId, ...events: readonly NewEvent[]): Promise<void> {
    const last = await this.#allot(run, events.length);
    await this.manager.insert(
      EventEntity,
      events.map((event, i) => ({
        runId: run,
        number: last - events.length + 1 + i,
        type: event.type,
        round: event.round ?? null,
        nodeId: event.node ?? null,
        detail: event.detail,
        at: this.now(),
      })),
    );
    this.touched.add(run);
  }

  /** Holds the fence until the commit: nobody can take the lease over before. Throws ROUND_FENCED when somebody has. */
  async hold(): Promise<void> {
    const fence = this.#fence;
    if (fence === undefined || this.#isHeld) return;
    const rows: unknown = await this.manager.query(FENCE, [fence.name, fence.epoch]);
    if (!Array.isArray(rows) || rows.length !== 1) throw fenced(fence);
    this.#isHeld = true;
  }

  /** The last of `count` new event numbers of `run`. */
  async #allot(run: RunId, count: number): Promise<number> {
    const fence = this.#fence;
    const [sql, more] =
      fence === undefined ? [ALLOT, []] : [FENCED_ALLOT, [fence.name, fence.epoch]];
    const updated: unknown = await this.manager.query(`${sql} RETURNING last_event`, [
      run,
      count,
      ...more,
    ]);
    const last = lastNumber(updated);
    if (last === undefined) {
      throw fence === undefined ? new TallyError('USAGE_UNKNOWN_RUN', { run }) : fenced(fence);
    }
    this.#isHeld = true;
    return last;
  }
}

function fenced({ name }: Fence): TallyError {
  return new TallyError('ROUND_FENCED', { lease: name });
}

/** Of an UPDATE, TypeORM gives [rows, count]. */
function lastNumber(raw: unknown): number | undefined {
  const rows: unknown = Array.isArray(raw) ? raw[0] : undefined;
  const row: unknown = Array.isArray(rows) ? rows[0] : undefined;
  if (typeof row !== 'object' || row === null || !('last_event' in row)) return undefined;
  return Number(row.last_event);
}

/** Runs work in one transaction and wakes the watchers after its commit. Failures become STORE_DATABASE. */
export class UnitOfWork {
  readonly #source: DataSource;
  readonly #feed: EventFeed;
  readonly #clock: Clock;

  constructor(source: DataSource, feed: EventFeed, clock: Clock) {
    this.#source = source;
    this.#feed = feed;
    this.#clock = clock;
  }

  /**
   * Resolves after the commit. A TallyError thrown by `work` rolls back and passes through unchanged; so does everything
   * with ROUND_FENCED when the lease that `fence` names has another epoch.
   */
  async run<T>(work: (tx: Transaction) => Promise<T>, fence?: Fence): Promise<T> {
    try {
      let touched: ReadonlySet<RunId> = new Set();
      const result = await this.#source.transaction(async (manager) => {
        const tx = new Transaction(manager, this.#clock, fence);
        touched = tx.touched;
        const done = await work(tx);
        await tx.hold();
        return done;
      });
      for (const run of touched) this.#feed.notify(run);
      return result;
    } catch (error) {
      throw asStoreError(error);
    }
  }

  /** Reads outside a transaction. */
  async read<T>(query: (manager: EntityManager) => Promise<T>): Promise<T> {
    try {
      return await query(this.#source.manager);
    } catch (error) {
      throw asStoreError(error);
    }
  }
}

function asStoreError(error: unknown): unknown {
  if (isTallyError(error)) return error;
  return new TallyError('STORE_DATABASE', { reason: reasonOf(error) }, error);
}

/** True iff the statement broke a unique key (SQLSTATE 23505). */
export function isUniqueViolation(error: unknown): boolean {
  if (isTallyError(error)) return isUniqueViolation(error.cause);
  if (!(error instanceof QueryFailedError)) return false;
  const driverError: unknown = error.driverError;
  return (
    typeof driverError === 'object' &&
    driverError !== null &&
    'code' in driverError &&
    driverError.code === '23505'
  );
}
