import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, TallyError } from '@tallystick/kernel';
import { hasErrno } from '@tallystick/kernel/node';
import { type Binaries, copyBinaries, findBinaries } from './binaries.js';
import { findOwner, isReachable, type Owner } from './owner.js';

/** Everything a start needs to know about the place: all paths are real ones and the owner can reach them. */
export interface Home {
  /** The cluster (PGDATA). */
  readonly data: string;
  readonly log: string;
  readonly binaries: Binaries;
  readonly owner: Owner | undefined;
}

/** Folder for temporary files that survives a restart of the machine, where there is one. */
async function lastingTmp(): Promise<string> {
  const candidate = '/var/tmp';
  const usable = await stat(candidate).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  return usable ? candidate : tmpdir();
}

/**
 * Root's own folders are often closed (a 0700 home), and the owner is not root. Then the cluster lives
 * elsewhere, under a name that `folder`/location remembers, so that removing `folder` still means a new start.
 */
async function relocate(folder: string): Promise<string> {
  const note = join(folder, 'location');
  const known = await readFile(note, 'utf8').catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (known !== undefined) {
    await stat(known).catch((error: unknown) => {
      const reason = `the cluster that ${note} names is gone: ${known}`;
      throw new TallyError('STORE_POSTGRES_START', { reason, log: note }, error);
    });
    return known;
  }
  const home = join(await lastingTmp(), `tally-postgres-${randomBytes(6).toString('hex')}`);
  await mkdir(home, { mode: 0o711 });
  await chmod(home, 0o711);
  await writeFile(note, home);
  return home;
}

/** Finds or makes the place for the cluster of `folder`, and programs its owner can run. */
export async function prepareHome(folder: string, logger: Logger): Promise<Home> {
  const binaries = await findBinaries();
  const owner = await findOwner();
  if (owner === undefined) {
    return { data: join(folder, 'data'), log: join(folder, 'postgres.log'), binaries, owner };
  }
  await chmod(folder, 0o711);
  const fits = await isReachable(join(folder, 'data'));
  const home = await realpath(fits ? folder : await relocate(folder));
  if (!fits) logger.info('postgres.relocated', { folder, home });
  const inPlace = await isReachable(await realpath(binaries.postgres));
  return {
    data: join(home, 'data'),
    log: join(home, 'postgres.log'),
    binaries: inPlace ? binaries : await copyBinaries(binaries, home),
    owner,
  };
}
