import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { TallyError } from '@tallystick/kernel';
import { Client } from 'pg';
import { readPostmaster } from './postmaster.js';
import { socketUrl } from './socket-folder.js';

const TIMEOUT_MS = 5_000;
const QUESTION = `
  select current_setting('server_version') as version, pg_is_in_recovery() as standby,
         (select count(*) from pg_stat_activity where backend_type = 'client backend')::int as connections,
         current_setting('max_connections')::int as most,
         (select extract(epoch from max(replay_lag)) * 1000 from pg_stat_replication)::float8 as lag`;

/** What a PostgreSQL server says of itself. */
export interface PostgresState {
  readonly version: string;
  /** It follows another server, and takes no writes. */
  readonly isStandby: boolean;
  readonly connections: number;
  readonly maxConnections: number;
  /** How far the slowest server that follows it is behind; undefined when none does. */
  readonly lagMs: number | undefined;
}

/** Asks the server of a URL, or the one that was started in the folder of a deployment. Rejects with STORE_DATABASE. */
export async function describePostgres(
  where: { readonly url: string } | { readonly folder: string },
): Promise<PostgresState> {
  const unreachable = (reason: string, cause?: unknown): TallyError =>
    new TallyError('STORE_DATABASE', { reason }, cause);
  const url = 'url' in where ? where.url : await urlIn(where.folder);
  if (url === undefined) throw unreachable('no server runs in this data folder');
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  client.on('error', () => undefined); // without a listener an error after the answer would end this process
  try {
    await client.connect();
    const { rows } = await client.query<{
      version: string;
      standby: boolean;
      connections: number;
      most: number;
      lag: number | null;
    }>(QUESTION);
    const [row] = rows;
    if (row === undefined) throw new Error('it gave no row');
    const { version, standby: isStandby, connections, most: maxConnections, lag } = row;
    return { version, isStandby, connections, maxConnections, lagMs: lag ?? undefined };
  } catch (error) {
    throw unreachable(error instanceof Error ? error.message : String(error), error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The running cluster of `folder`, which may lie elsewhere (see `prepareHome`). */
async function urlIn(folder: string): Promise<string | undefined> {
  const home = await readFile(join(folder, 'location'), 'utf8').catch(() => resolve(folder));
  const postmaster = await readPostmaster(join(home, 'data'));
  return postmaster === undefined ? undefined : socketUrl(postmaster.socketFolder);
}
