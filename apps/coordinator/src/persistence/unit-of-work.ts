import { type Clock, isTallyError, type RunId, TallyError } from '@tallystick/kernel';
import type { RunEvent } from '@tallystick/protocol';
import { type DataSource, type EntityManager, QueryFailedError } from 'typeorm';
import type { EventFeed } from './event-feed.js';
import type { Fence } from './fence.js';
import { reasonOf } from './open-database.js';
import { TELL_EVENTS } from './statements.js';

/** An event before it has a number. In `detail`, u64 and larger are decimal strings. */
export type NewEvent = Pick<RunEvent, 'type' | 'round' | 'node' | 'detail'>;

const FENCE = 'SELECT 1 AS held FROM leases WHERE name = $1 AND epoch = $2 FOR SHARE';

/** A statement of statements.ts or journal-statements.ts: the events it tells, and its parameters from $6 on. */
export interface RunWrite {
  readonly sql: string;
  readonly events: readonly NewEvent[];
  readonly values: readonly unknown[];
}

/** What a statement answers; `closed` only when it looks at a round, null when there is no such round. */
interface Answer {
  readonly held?: unknown;
  readonly written?: unknown;
  readonly closed?: unknown;
  /** When nothing was written: because the chain has voided the round. */
  readonly void?: unknown;
}

/** One open SQL transaction, or one statement that is its own. */
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
    await this.write(run, { sql: TELL_EVENTS, events, values: [] });
  }

  /** Throws ROUND_FENCED, USAGE_UNKNOWN_ROUND, ROUND_VOID, ROUND_CLOSED or USAGE_UNKNOWN_RUN; nothing is written then. */
  async write(run: RunId, { sql, events, values }: RunWrite, round?: number): Promise<void> {
    const own = [this.now(), JSON.stringify(events), ...values];
    const { written, closed, void: isVoid } = await this.fenced(sql, run, own);
    const at = round === undefined ? { run } : { run, round };
    if (closed === null) throw new TallyError('USAGE_UNKNOWN_ROUND', at);
    if (written !== true && isVoid === true) throw new TallyError('ROUND_VOID', at);
    if (closed === true) throw new TallyError('ROUND_CLOSED', at);
    if (written !== true) throw new TallyError('USAGE_UNKNOWN_RUN', { run });
    this.touched.add(run);
  }

  /**
   * The row that a statement made with HELD (statements.ts) answers; its parameters are `subject`, the lease and `values`.
   * Throws ROUND_FENCED when it has written nothing because somebody else has the lease.
   */
  async fenced(sql: string, subject: unknown, values: readonly unknown[]): Promise<Answer> {
    const fence = this.#fence;
    const first = [subject, fence?.name, fence?.epoch];
    const rows: unknown = await this.manager.query(sql, [...first, ...values]);
    const row: unknown = Array.isArray(rows) ? rows[0] : undefined;
    const answer: Answer = typeof row === 'object' && row !== null ? { ...row } : {};
    if (fence !== undefined && answer.held !== true) throw fenced(fence);
    this.#isHeld = true;
    return answer;
  }

  /** Holds the fence until the commit: nobody can take the lease over before. Throws ROUND_FENCED when somebody has. */
  async hold(): Promise<void> {
    const fence = this.#fence;
    if (fence === undefined || this.#isHeld) return;
    const rows: unknown = await this.manager.query(FENCE, [fence.name, fence.epoch]);
    if (!Array.isArray(rows) || rows.length !== 1) throw fenced(fence);
    this.#isHeld = true;
  }
}

function fenced({ name }: Fence): TallyError {
  return new TallyError('ROUND_FENCED', { lease: name });
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
      this.#wake(touched);
      return result;
    } catch (error) {
      throw asStoreError(error);
    }
  }

  /** `run` for work that is one fenced statement: it commits by itself, in one round trip instead of four. */
  async once(work: (tx: Transaction) => Promise<unknown>, fence: Fence | undefined): Promise<void> {
    try {
      const tx = new Transaction(this.#source.manager, this.#clock, fence);
      await work(tx);
      this.#wake(tx.touched);
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

  #wake(touched: Iterable<RunId>): void {
    for (const run of touched) this.#feed.notify(run);
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
