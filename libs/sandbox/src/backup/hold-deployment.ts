import { mkdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, TallyError } from '@tallystick/kernel';
import { hasErrno, LockFile } from '@tallystick/kernel/node';
import type { DataFolder } from '../data-folder.js';
import { type Home, prepareHome } from '../postgres/home.js';
import { serversOf } from '../postgres/postmaster.js';

/** A data folder in which nothing runs, and nothing can start before it is let go. */
export interface HeldDeployment {
  /** Where the embedded PostgreSQL lives or would live; undefined when the database is elsewhere. */
  readonly home: Home | undefined;
  release(): Promise<void>;
}

/**
 * Takes every lock of the folder: supervisor, coordinator, both servers and the block log. Throws CONFIG_LOCKED with the
 * process that has one of them, servers that outlived their supervisor included.
 */
export async function holdDeployment(
  folder: DataFolder,
  { isEmbedded, logger }: { readonly isEmbedded: boolean; readonly logger: Logger },
): Promise<HeldDeployment> {
  await mkdir(folder.postgres, { recursive: true });
  await mkdir(folder.chain, { recursive: true });
  const paths = [
    folder.lock,
    join(folder.root, 'coordinator.lock.json'),
    join(folder.postgres, 'start.lock'),
    join(folder.chain, 'start.lock'),
    join(folder.chain, 'blocks.lock'),
  ];
  const locks: LockFile[] = [];
  const release = async (): Promise<void> => {
    for (const lock of locks.splice(0).toReversed()) await lock.release();
  };
  try {
    for (const path of paths) locks.push(await LockFile.acquire(path));
    const home = isEmbedded ? await idleHome(folder, logger) : undefined;
    return { home, release };
  } catch (error) {
    await release();
    throw error;
  }
}

async function idleHome(folder: DataFolder, logger: Logger): Promise<Home> {
  const home = await prepareHome(await realpath(folder.postgres), logger);
  const [pid] = await serversOf(home.data);
  if (pid !== undefined) throw new TallyError('CONFIG_LOCKED', { folder: folder.root, pid });
  return home;
}

/** Whether there is something at `path`. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR')) return false;
    throw error;
  }
}
