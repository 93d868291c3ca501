import { createHash } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TallyError } from '@tallystick/kernel';
import { hasErrno } from '@tallystick/kernel/node';
import type { Home } from './home.js';
import { giveTo, isPrivateFolder } from './owner.js';

/** Names the socket file only (`.s.PGSQL.5432`); nothing listens on TCP. */
export const SOCKET_PORT = 5432;

/**
 * A private folder for the socket of one cluster. It is not in the data folder, because a socket's path has at
 * most 107 bytes (sun_path, unix(7)).
 */
export async function makeSocketFolder(home: Home): Promise<string> {
  const digest = createHash('sha256').update(home.data).digest('hex').slice(0, 12);
  const folder = join(tmpdir(), `tally-${digest}`);
  try {
    await mkdir(folder, { mode: 0o700 });
    await chmod(folder, 0o700);
    await giveTo(home.owner, folder);
  } catch (error) {
    if (!hasErrno(error, 'EEXIST')) throw error;
  }
  if (!(await isPrivateFolder(home.owner, folder))) {
    const reason = `${folder} belongs to somebody else; remove it`;
    throw new TallyError('STORE_POSTGRES_START', { reason, log: home.log });
  }
  return folder;
}

/** libpq connection URI of a socket folder; every slash of the folder is escaped. */
export function socketUrl(folder: string): string {
  return `postgres://postgres@${encodeURIComponent(folder)}:${SOCKET_PORT}/postgres`;
}
