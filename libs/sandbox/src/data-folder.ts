import { randomBytes } from 'node:crypto';
import { access, chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { TallyError } from '@tallystick/kernel';
import { hasErrno } from '@tallystick/kernel/node';

/** Where everything of one deployment lives (`--data`, default `.tally`). */
export interface DataFolder {
  readonly root: string;
  readonly keys: string;
  readonly postgres: string;
  readonly chain: string;
  readonly blobs: string;
  readonly spool: string;
  readonly nodes: string;
  /** File with the REST bearer token, mode 0600. */
  readonly apiToken: string;
  /** Lock file of the supervisor. */
  readonly lock: string;
  /** What the coordinator key signed about rounds; never put back to an older state. */
  readonly signingLog: string;
  /** There while a restore is under way, and after one that did not end. */
  readonly restoring: string;
  /** There from a restore until the first start, when runs may have gone on after the backup. */
  readonly restored: string;
}

/** The paths below `folder`; touches nothing. */
export function dataFolderPaths(folder: string): DataFolder {
  const root = resolve(folder);
  return {
    root,
    keys: join(root, 'keys'),
    postgres: join(root, 'postgres'),
    chain: join(root, 'chain'),
    blobs: join(root, 'blobs'),
    spool: join(root, 'spool'),
    nodes: join(root, 'nodes'),
    apiToken: join(root, 'api-token'),
    lock: join(root, 'lock.json'),
    signingLog: join(root, 'signing.log'),
    restoring: join(root, 'restoring.json'),
    restored: join(root, 'restored.json'),
  };
}

/** `makeDataFolder`, of which nothing half restored is taken: throws CONFIG_RESTORE_UNFINISHED, too. */
export async function openDataFolder(folder: string): Promise<DataFolder> {
  const paths = await makeDataFolder(folder);
  const isWhole = await access(paths.restoring).then(
    () => false,
    () => true,
  );
  if (!isWhole) throw new TallyError('CONFIG_RESTORE_UNFINISHED', { folder: paths.root });
  return paths;
}

/**
 * Makes the folder when it is not there and proves by writing that it can be used.
 * Mode 0711: others cannot list it, but PostgreSQL, which refuses to run as root, can pass through. What is
 * secret inside has mode 0600 itself. Throws CONFIG_FOLDER_UNWRITABLE.
 */
export async function makeDataFolder(folder: string): Promise<DataFolder> {
  const paths = dataFolderPaths(folder);
  const probe = join(paths.root, `.probe-${randomBytes(6).toString('hex')}`);
  try {
    if (await makeFolder(paths.root)) await chmod(paths.root, 0o711);
    await writeFile(probe, '', { flag: 'wx' });
    await rm(probe);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('CONFIG_FOLDER_UNWRITABLE', { folder: paths.root, reason }, error);
  }
  return paths;
}

/**
 * True when the folder was not there. Step by step, because `mkdir` with `recursive` never ends where a parent exists and
 * still says ENOENT (below /proc, for one; Node 20 to 24).
 */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return false;
    if (!hasErrno(error, 'ENOENT') || !(await makeFolder(dirname(path)))) throw error;
    return makeFolder(path);
  }
}
