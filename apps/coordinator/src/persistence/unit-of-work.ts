import { type Clock, isTallyError, type RunId, TallyError } from '@tallystick/kernel';
import type { RunEvent } from '@tallystick/protocol';
import { type DataSource, type EntityManager, QueryFailedError } from 'typeorm';
import { EventEntity, RunEntity } from './entities/index.js';
import type { EventFeed } from './event-feed.js';
import { reasonOf } from './open-database.js';

/** An event before it has a number. In `detail`, u64 and larger are decimal strings. */
export type NewEvent = Pick<RunEvent, 'type' | 'round' | 'node' | 'detail'>;

/** One open SQL transaction. */
export class Transaction {
  readonly #clock: Clock;
  readonly touched = new Set<RunId>();
  readonly manager: EntityManager;

  constructor(manager: EntityManager, clock: Clock) {
    this.manager = manager;
    this.#clock = clock;
  }

  now(): Date {
    return new Date(this.#clock.nowMs());
  }

  /**
   * Appends events of `run`, at least one. Their numbers are taken under the run row's lock and kept until the commit,
   * so numbers appear in order: a watcher that has read number n will never see a smaller one later.
   */
  async tell(run: RunId, ...events: readonly NewEvent[]): Promise<void> {
    const updated = await this.manager
      .createQueryBuilder()
      .update(RunEntity)
      .set({ lastEvent: () => `last_event + ${events.length}` })
      .where({ id: run })
      .returning('last_event')
      .execute();
    const last = lastNumber(updated.raw);
    if (last === undefined) throw new TallyError('USAGE_UNKNOWN_RUN', { run });
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
}

function lastNumber(raw: unknown): number | undefined {
  const row: unknown = Array.isArray(raw) ? raw[0] : undefined;
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

  /** Resolves after the commit. A TallyError thrown by `work` rolls back and passes through unchanged. */
  async run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    try {
      let touched: ReadonlySet<RunId> = new Set();
      const result = await this.#source.transaction((manager) => {
        const tx = new Transaction(manager, this.#clock);
        touched = tx.touched;
        return work(tx);
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
