import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryLogger } from '@tallystick/kernel/testing';
import { startPostgres } from '@tallystick/sandbox';
import { DataSource } from 'typeorm';

/** A real PostgreSQL without fsync, gone after the tests of a file. */
export interface TestPostgres {
  /** Makes an empty database and gives its URL. */
  database(): Promise<string>;
  stop(): Promise<void>;
}

export async function startTestPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'tally-coordinator-'));
  const postgres = await startPostgres({ folder, logger: new MemoryLogger(), durability: 'test' });
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
    stop: async () => {
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
