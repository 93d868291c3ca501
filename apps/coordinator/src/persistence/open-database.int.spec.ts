import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databaseOptions, openDatabase } from './open-database.js';
import { startTestPostgres, type TestPostgres } from '../testing/test-postgres.js';

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
      expect(applied).toEqual([{ name: 'FirstTables1700000000001' }]);
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

  it('says so when there is no database', async () => {
    await expect(
      openDatabase(databaseOptions('postgres://nobody@127.0.0.1:1/none')),
    ).rejects.toMatchObject({
      code: 'STORE_DATABASE',
    });
  });
});
