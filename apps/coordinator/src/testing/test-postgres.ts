import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryLogger } from '@tallystick/kernel/testing';
import { startPostgres } from '@tallystick/sandbox';
import { DataSource } from 'typeorm';

/** A real PostgreSQL, gone after the tests of a file. */
export interface TestPostgres {
  /** Makes an empty database and gives its URL. */
  database(): Promise<string>;
  /** Rows of one statement, as whoever holds the database reads them. */
  query(url: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** kill -9, and how to start it again. */
  kill(): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

/** @param durability `test` is faster, but forgets the last commits when it is killed. */
export async function startTestPostgres(
  durability: 'safe' | 'test' = 'test',
): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'tally-coordinator-'));
  const start = (): ReturnType<typeof startPostgres> =>
    startPostgres({ folder, logger: new MemoryLogger(), durability });
  let postgres = await start();
  return {
    database: async () => {
      const name = `t${randomBytes(6).toString('hex')}`;
      const admin = new DataSource({
        type: 'postgres',
        extra: { connectionString: postgres.url },
      });
      await admin.initialize();
      await admin.query(`CREATE DATABASE ${name}`);
      await admin.destroy();
      return postgres.url.replace(/\/postgres$/, `/${name}`);
    },
    query: async (url, sql) => {
      const source = new DataSource({ type: 'postgres', extra: { connectionString: url } });
      await source.initialize();
      try {
        const rows: unknown = await source.query(sql);
        return Array.isArray(rows) ? rows : [];
      } finally {
        await source.destroy();
      }
    },
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
