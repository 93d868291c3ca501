import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MIGRATIONS } from './migrations/index.js';
import { databaseOptions, openDatabase } from './open-database.js';
import { startTestPostgres, type TestPostgres } from '../testing/test-postgres.js';

/** Messages of the PostgreSQL protocol 3.0: type, length, body. */
const message = (type: string, body: string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(4 + body.length);
  return Buffer.concat([Buffer.from(type), length, Buffer.from(body, 'latin1')]);
};
const AUTHENTICATED = message('R', '\0\0\0\0');
const READY = message('Z', 'I');
const LAST_WORDS = message('E', 'SFATAL\0C57P01\0Mterminating connection\0\0');

describe('openDatabase', () => {
  let postgres: TestPostgres;
  let url: string;
  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  beforeEach(async () => {
    url = await postgres.database();
  });
  afterAll(() => postgres.stop());

  it('lets one of three concurrent starters migrate', async () => {
    const sources = await Promise.all([1, 2, 3].map(() => openDatabase(databaseOptions(url, 4))));
    for (const source of sources) {
      const applied: unknown = await source.query('SELECT name FROM migrations');
      expect(applied).toEqual(MIGRATIONS.map(({ name }) => ({ name })));
      await source.destroy();
    }
  });

  it('gives every entity its columns and nothing else', async () => {
    const source = await openDatabase(databaseOptions(url));
    const drift = await source.driver.createSchemaBuilder().log();
    // Keys, checks and indexes are the migration's alone; TypeORM would only drop them.
    const columns = drift.upQueries.filter(
      ({ query }) => !/ DROP CONSTRAINT |^DROP INDEX /.test(query),
    );
    expect(columns.map(({ query }) => query)).toEqual([]);
    await source.destroy();
  });

  it('F: survives a server that welcomes a connection and dies in the same breath', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(Buffer.concat([AUTHENTICATED, READY, LAST_WORDS])));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const opening = openDatabase(databaseOptions(`postgres://x@127.0.0.1:${port}/x`));
    await expect(opening).rejects.toMatchObject({ code: 'STORE_DATABASE' });
    await new Promise((resolve) => server.close(resolve));
  });

  it('says so when there is no database', async () => {
    await expect(
      openDatabase(databaseOptions('postgres://nobody@127.0.0.1:1/none')),
    ).rejects.toMatchObject({
      code: 'STORE_DATABASE',
    });
  });
});
