import type { EventEmitter } from 'node:events';
import { isTallyError, TallyError } from '@tallystick/kernel';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { z } from 'zod';
import { ENTITIES } from './entities/index.js';
import { MIGRATIONS } from './migrations/index.js';

/** "TLYM": only one process migrates at a time. */
const MIGRATION_LOCK = 0x54_4c_59_4d;

/** Longest that one statement may run. Nothing here is slow; a lock that is never given back is an error. */
const STATEMENT_TIMEOUT_MS = 30_000;

/** The client's own patience, for a server that is cut off and cannot tell that the time is up. */
const QUERY_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000;

/** How the sessions of a process are. */
export interface SessionOptions {
  readonly poolSize?: number;
  /** Shown in pg_stat_activity; one that was taken over from is known by it. */
  readonly sessionName?: string;
  /**
   * A session that stands still this long inside a transaction is ended by the server: a leader that is frozen there holds
   * row locks, and with them its lease, for ever (measured: its commit was accepted after the takeover was due).
   */
  readonly leaseMs?: number;
}

/** Options of the data source: explicit lists, nothing synchronised. */
export function databaseOptions(
  url: string,
  { poolSize = 10, sessionName = 'tallystick-coordinator', leaseMs = 5_000 }: SessionOptions = {},
): Extract<DataSourceOptions, { type: 'postgres' }> {
  return {
    type: 'postgres',
    url,
    poolSize,
    entities: ENTITIES,
    migrations: MIGRATIONS,
    synchronize: false,
    applicationName: sessionName,
    connectTimeoutMS: 5_000,
    // pg reads the URL itself, so that a unix socket (?host=/folder) works.
    extra: {
      connectionString: url,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      idle_in_transaction_session_timeout: leaseMs,
      // A dying server may welcome a connection and end it in the same packet, before TypeORM listens (seen after a
      // kill -9 of the postmaster); an error event that nobody hears would end this process.
      onConnect: (client: EventEmitter) => void client.on('error', () => undefined),
    },
    logging: false,
  };
}

/**
 * Connects and brings the schema up to date. Several processes may start at once: a session lock lets one of them
 * migrate while the others wait. Rejects with STORE_DATABASE.
 */
export async function openDatabase(options: DataSourceOptions): Promise<DataSource> {
  const source = new DataSource(options);
  try {
    await source.initialize();
    await migrate(source);
    await assertSchema(source);
    return source;
  } catch (error) {
    if (source.isInitialized) await source.destroy();
    if (isTallyError(error)) throw error;
    throw new TallyError('STORE_DATABASE', { reason: reasonOf(error) }, error);
  }
}

async function migrate(source: DataSource): Promise<void> {
  const lock = source.createQueryRunner();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await source.runMigrations({ transaction: 'each' });
  } finally {
    // The lock belongs to the session, and the session goes back to the pool: give it back by hand.
    await lock.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    await lock.release();
  }
}

/**
 * Rejects with STORE_SCHEMA_NEWER when the database has migrations that this version does not know, and with STORE_DATABASE
 * when it does not answer.
 */
export async function assertSchema(source: DataSource): Promise<void> {
  const rows: unknown = await source
    .query('SELECT name FROM migrations')
    .catch((error: unknown) => {
      throw new TallyError('STORE_DATABASE', { reason: reasonOf(error) }, error);
    });
  const known = new Set(MIGRATIONS.map(({ name }) => name));
  const names = z.array(z.object({ name: z.string() })).parse(rows);
  const foreign = names.map(({ name }) => name).filter((name) => !known.has(name));
  if (foreign.length === 0) return;
  throw new TallyError('STORE_SCHEMA_NEWER', { migrations: foreign.slice(0, 8).join(', ') });
}

/** One line of text for people; drivers put several into AggregateError. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
