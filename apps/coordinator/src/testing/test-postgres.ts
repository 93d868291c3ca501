import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryLogger } from '@tallystick/kernel/testing';
import { startPostgres } from '@tallystick/sandbox';
import { DataSource } from 'typeorm';
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** libpq URL of the database `postgres`, as a superuser. */
    postgres: string;
  }
}

/** A real PostgreSQL, in which the tests of a file make databases of their own. */
export interface TestPostgres {
  /** Makes an empty database and gives its URL. */
  database(): Promise<string>;
  /** Rows of one statement, as whoever holds the database reads them. */
  query(url: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** kill -9 of a server of one's own, and how to start it again. */
  kill(): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

/**
 * @param whose `shared`: the server of all files (tools/int-setup.ts), which nobody stops and which may forget commits when
 * it dies. `own`: one that a test may kill; it keeps every commit, and starting it takes seconds.
 */
export async function startTestPostgres(whose: 'shared' | 'own' = 'shared'): Promise<TestPostgres> {
  return whose === 'shared' ? sharedPostgres() : ownPostgres();
}

function sharedPostgres(): TestPostgres {
  const url = inject('postgres');
  return {
    database: () => makeDatabase(url),
    query,
    kill: () => Promise.reject(new Error('other tests need this server')),
    stop: () => Promise.resolve(),
  };
}

async function ownPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'tally-coordinator-'));
  const start = (): ReturnType<typeof startPostgres> =>
    startPostgres({ folder, logger: new MemoryLogger(), durability: 'safe' });
  let postgres = await start();
  return {
    database: () => makeDatabase(postgres.url),
    query,
    kill: () => {
      process.kill(postgres.pid, 'SIGKILL');
      return Promise.resolve(async () => void (postgres = await start()));
    },
    stop: async () => {
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @param admin URL of the database `postgres` */
async function makeDatabase(admin: string): Promise<string> {
  const name = `t${randomBytes(6).toString('hex')}`;
  await query(admin, `CREATE DATABASE ${name}`);
  return admin.replace(/\/postgres$/, `/${name}`);
}

async function query(
  url: string,
  sql: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const source = new DataSource({ type: 'postgres', extra: { connectionString: url } });
  await source.initialize();
  try {
    const rows: unknown = await source.query(sql);
    return Array.isArray(rows) ? rows : [];
  } finally {
    await source.destroy();
  }
}
