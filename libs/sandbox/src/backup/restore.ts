import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type Logger, TallyError } from '@tallystick/kernel';
import { durableWrite, fsyncFolder, hasErrno } from '@tallystick/kernel/node';
import { type DataFolder, makeDataFolder } from '../data-folder.js';
import { type Home } from '../postgres/home.js';
import { giveTo, type Owner } from '../postgres/owner.js';
import { copyFile, hashFile, unwritable } from './copy-file.js';
import { commandOf, type ExternalDatabase, restoreProgram, runClient } from './dump-database.js';
import { holdDeployment, isThere } from './hold-deployment.js';
import { DUMP_FILE, type Manifest, type ManifestFile, notWhole, readManifest } from './manifest.js';

const SIGNING_LOG = 'data/signing.log';

export interface RestoreOptions {
  /** The backup. */
  readonly from: string;
  /** Data folder: new, empty, or with nothing but a newer signing log. */
  readonly data: string;
  /** An empty database, for a backup that has a dump. */
  readonly database?: ExternalDatabase | undefined;
  /** Where the blobs go when not into the data folder. */
  readonly blobs?: string | undefined;
  /** A person says that the coordinator never ran after the backup. */
  readonly isNothingSignedSince: boolean;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** What was put back. */
export interface Restored {
  readonly files: number;
  readonly createdAtMs: number;
  readonly database: Manifest['database'];
  /** What to run for the database, when this could not. */
  readonly restoreCommand?: string;
  /**
   * `kept`: the data folder had a signing log that goes on where the one of the backup ends, and runs go on as far as it
   * lets them; `backup`: taken from the backup, and nothing was signed since; `unknown`: taken from the backup, so runs that
   * were open end at the next start.
   */
  readonly signingLog: 'kept' | 'backup' | 'unknown';
}

/**
 * Puts a backup back. Every file is checked against the manifest before the first one is written, nothing is overwritten,
 * and until the end the data folder is marked: a restore that was cut short starts nothing, and can be run again. The
 * signing log is never put back to an older state: see `Restored.signingLog` and ADR 0037. Throws STORE_BACKUP_INVALID,
 * CONFIG_FOLDER_IN_USE, CONFIG_LOCKED, CONFIG_FOLDER_UNWRITABLE, STORE_DISK_FULL, STORE_DUMP_FAILED.
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { data, logger, signal } = options;
  const from = resolve(options.from);
  const manifest = await readManifest(from);
  for (const file of manifest.files) await check(from, file, signal);
  const folder = await makeDataFolder(data);
  const isEmbedded = manifest.database === 'cluster';
  const isKept = await assertFree(folder, from);
  await durableWrite(folder.restoring, JSON.stringify({ isKept }), 0o600);
  const held = await holdDeployment(folder, { isEmbedded, logger });
  try {
    const to = { folder, home: held.home, blobs: resolve(options.blobs ?? folder.blobs) };
    await copyAll(manifest, { from, to, isKept }, signal);
    const restoreCommand = await restoreDump({ ...options, from }, manifest);
    const signingLog = isKept ? 'kept' : options.isNothingSignedSince ? 'backup' : 'unknown';
    if (signingLog !== 'backup') await markRestored(folder, manifest, isKept);
    await rm(folder.restoring);
    await fsyncFolder(folder.root);
    const { createdAtMs, database, files } = manifest;
    return { files: files.length, createdAtMs, database, ...restoreCommand, signingLog };
  } finally {
    await held.release();
  }
}

async function check(from: string, file: ManifestFile, signal: AbortSignal): Promise<void> {
  const path = join(from, file.path);
  const found = await hashFile(path, signal).catch((error: unknown) => {
    throw notWhole(from, error instanceof Error ? error.message : String(error));
  });
  if (found.bytes !== file.bytes) {
    throw notWhole(from, `${file.path} has ${found.bytes} bytes, not ${file.bytes}`);
  }
  if (found.sha256 !== file.sha256) throw notWhole(from, `${file.path} has other bytes`);
}

/**
 * Throws CONFIG_FOLDER_IN_USE when something would be overwritten. What a restore that did not end left is removed. True
 * when a signing log lies there that goes on where the one of the backup ends.
 */
async function assertFree(folder: DataFolder, from: string): Promise<boolean> {
  const marker = await readFile(folder.restoring, 'utf8').catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  });
  const wasKept = marker?.includes('"isKept":true') ?? true; // one that it wrote itself is no newer one
  for (const entry of await readdir(folder.root)) {
    const path = join(folder.root, entry);
    if (path === folder.signingLog && wasKept) continue;
    if (path === folder.restoring || entry === 'lost+found') continue;
    if (marker === undefined) {
      throw new TallyError('CONFIG_FOLDER_IN_USE', { folder: folder.root, entry });
    }
    if (path === folder.postgres) await removeCluster(path);
    await rm(path, { recursive: true, force: true });
  }
  if (!(await isThere(folder.signingLog))) return false;
  await assertContinues(folder, from);
  return true;
}

/** The cluster of an unfinished restore may lie elsewhere; `location` says where. */
async function removeCluster(postgres: string): Promise<void> {
  const home = await readFile(join(postgres, 'location'), 'utf8').catch(() => undefined);
  if (home !== undefined && basename(home).startsWith('tally-postgres-')) {
    await rm(home, { recursive: true, force: true });
  }
}

/** Both are append-only: the newer one begins with the older one. */
async function assertContinues(folder: DataFolder, from: string): Promise<void> {
  const older = await readFile(join(from, SIGNING_LOG)).catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT')) return Buffer.alloc(0);
    throw error;
  });
  const newer = await readFile(folder.signingLog);
  if (newer.subarray(0, older.length).equals(older)) return;
  const entry = 'signing.log, which does not go on where the one of the backup ends';
  throw new TallyError('CONFIG_FOLDER_IN_USE', { folder: folder.root, entry });
}

interface Target {
  readonly folder: DataFolder;
  readonly home: Home | undefined;
  readonly blobs: string;
}

async function copyAll(
  { folders, files }: Manifest,
  { from, to, isKept }: { readonly from: string; readonly to: Target; readonly isKept: boolean },
  signal: AbortSignal,
): Promise<void> {
  for (const path of folders) {
    const target = targetOf(path, to);
    await mkdir(target, { recursive: true, mode: 0o700 }).catch(unwritable(target));
    await own(path, target, to);
  }
  for (const { path } of files) {
    if (path === DUMP_FILE || (path === SIGNING_LOG && isKept)) continue;
    const target = targetOf(path, to);
    if (path.startsWith('blobs/') && (await isThere(target))) continue; // equal names hold equal bytes
    await copyFile(join(from, path), target, signal);
    await own(path, target, to);
  }
  for (const path of folders) await fsyncFolder(targetOf(path, to));
}

function targetOf(path: string, { folder, home, blobs }: Target): string {
  const [part = '', ...rest] = path.split('/');
  if (part === 'blobs') return join(blobs, ...rest);
  if (part === 'cluster' && home !== undefined) return join(home.data, ...rest);
  return join(folder.root, ...rest);
}

/** A cluster belongs to the server's user; all else is ours alone. */
async function own(path: string, target: string, { home }: Target): Promise<void> {
  const owner: Owner | undefined = path.startsWith('cluster') ? home?.owner : undefined;
  await giveTo(owner, target);
}

async function restoreDump(
  { database: target, from, signal }: RestoreOptions,
  { database }: Manifest,
): Promise<{ readonly restoreCommand?: string }> {
  if (database === 'cluster') return {};
  const program = restoreProgram(join(from, DUMP_FILE));
  if (target === undefined)
    return { restoreCommand: commandOf(program, 'postgres://user@host/tally') };
  if (database === 'dump' && (await runClient(program, target, signal))) return {};
  return { restoreCommand: commandOf(program, target.url) };
}

/** Read by the coordinator at its first start. */
async function markRestored(
  folder: DataFolder,
  { createdAtMs: backupAtMs }: Manifest,
  isLogKept: boolean,
): Promise<void> {
  await durableWrite(folder.restored, JSON.stringify({ backupAtMs, isLogKept }), 0o600);
}
