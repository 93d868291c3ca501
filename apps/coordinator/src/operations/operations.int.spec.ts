import { readFileSync } from 'node:fs';
import type { RoundLedger } from '@tallystick/chain';
import { Metrics } from '@tallystick/telemetry';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databaseOptions, openDatabase } from '../persistence/open-database.js';
import { type RunningCoordinator, testHome, type TestHome } from '../testing/test-deployment.js';
import { startTestPostgres, type TestPostgres } from '../testing/test-postgres.js';

const PAGE = readFileSync(new URL('../../../../docs/metrics.md', import.meta.url), 'utf8');

/** Names of the metrics in the page's table of the coordinator. */
function documented(): readonly string[] {
  const own = PAGE.slice(PAGE.indexOf('## Coordinator'), PAGE.indexOf('## Process'));
  return [...own.matchAll(/^\| `(tally_\w+)`/gm)].map(([, name = '']) => name).toSorted();
}

interface Ready {
  readonly status: string;
  readonly troubles: Readonly<Record<string, { readonly code: string; readonly hint: string }>>;
}

describe('what an operator asks', () => {
  let postgres: TestPostgres;
  let database: string;
  let home: TestHome;
  let coordinator: RunningCoordinator;
  let isChainAway: boolean;
  beforeAll(async () => {
    postgres = await startTestPostgres('own');
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    database = await postgres.database();
    home = await testHome(database);
    isChainAway = false;
    const ledger = new Proxy<RoundLedger>(home.ledger, {
      get: (target, name) => {
        if (name === 'finalized' && isChainAway) {
          return () => Promise.reject(new Error('socket hang up'));
        }
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    coordinator = await home.start({ ledger, metrics: new Metrics() });
  });
  afterEach(async () => {
    await coordinator.stop();
    await home.remove();
  });

  const get = (path: string): Promise<Response> => fetch(`${coordinator.api.url}/${path}`);
  const ready = async (): Promise<Ready> => (await (await get('ready')).json()) as Ready;

  it('gets every metric that docs/metrics.md lists, and no other', async () => {
    const text = await (await get('metrics')).text();
    const shown = [...text.matchAll(/^# HELP (tally_\w+)/gm)].map(([, name = '']) => name);
    // The step histogram belongs to the trace, which main.ts opens; trace.int.spec.ts sees it.
    const expected = documented().filter((name) => name !== 'tally_round_step_seconds');
    expect(shown.toSorted()).toEqual(expected);
    expect(text).toMatch(/^tally_leader_info 1$/m);
    expect(text).toMatch(/^tally_database_pool_connections\{state="idle"\} \d+$/m);
    expect(text).toMatch(/^tally_disk_free_bytes\{folder="data"\} \d+/m);
    expect(text).toMatch(/^tally_outbox_oldest_seconds 0$/m);
  });

  it('hears why the coordinator is not ready when its database dies, and that it is again', async () => {
    expect(await ready()).toEqual({ status: 'ready', troubles: {} });
    const restart = await postgres.kill();
    // A backend may answer for some milliseconds more.
    await expect.poll(ready, { timeout: 20_000 }).toMatchObject({
      status: 'not ready',
      troubles: {
        database: {
          code: expect.stringMatching(/^(STORE_DATABASE|NET_TIMEOUT)$/),
          hint: expect.stringMatching(/.+/),
        },
      },
    });
    expect((await get('health')).status).toBe(200);
    expect((await get('metrics')).status).toBe(200);
    await restart();
    await expect.poll(ready, { timeout: 20_000 }).toEqual({ status: 'ready', troubles: {} });
  });

  it('hears that the chain is away, and sees it in the metrics', async () => {
    isChainAway = true;
    expect((await ready()).troubles).toMatchObject({
      chain: { code: 'LEDGER_UNREACHABLE', message: expect.stringContaining('socket hang up') },
    });
    expect(await (await get('metrics')).text()).toContain('tally_trouble_info{room="chain"} 1');
    isChainAway = false;
    expect(await ready()).toEqual({ status: 'ready', troubles: {} });
    expect(await (await get('metrics')).text()).toContain('tally_trouble_info{room="chain"} 0');
  });

  it('hears that a newer version has migrated the database, and that version does not start on it', async () => {
    const source = await openDatabase(databaseOptions(database));
    await source.query(
      "INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'FromTheFuture')",
    );
    await source.destroy();
    expect((await ready()).troubles).toMatchObject({
      database: {
        code: 'STORE_SCHEMA_NEWER',
        message: expect.stringContaining('FromTheFuture'),
      },
    });
    const opening = openDatabase(databaseOptions(database));
    await expect(opening).rejects.toMatchObject({ code: 'STORE_SCHEMA_NEWER' });
  });
});
