import { Client } from 'pg';
import { SOCKET_PORT } from './socket-folder.js';

const TIMEOUT_MS = 2_000;

/** Whether the server behind this socket runs a statement now. A server that was just killed still looks alive elsewhere. */
export async function answers(socketFolder: string): Promise<boolean> {
  const client = new Client({
    host: socketFolder,
    port: SOCKET_PORT,
    user: 'postgres',
    database: 'postgres',
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  // Without a listener an error after the answer would end this process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
