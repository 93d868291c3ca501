import { mkdir, readdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { type Clock, type Logger, TallyError } from '@tallystick/kernel';
import { durableWrite, fsyncFolder } from '@tallystick/kernel/node';
import { dataFolderPaths } from '../data-folder.js';
import { hashFile, unwritable } from './copy-file.js';
import { commandOf, dumpProgram, type ExternalDatabase, runClient } from './dump-database.js';
import { type HeldDeployment, holdDeployment, isThere } from './hold-deployment.js';
import {
  type DatabaseCopy,
  DUMP_FILE,
  FORMAT,
  type Manifest,
  MANIFEST_FILE,
  type ManifestFile,
} from './manifest.js';
import { blobsPart, clusterPart, copyPart, dataPart, type Found } from './part.js';

export interface BackupOptions {
  /** The data folder; nothing of it may run. */
  readonly data: string;
  /** New or empty folder outside of it. */
  readonly into: string;
  /** The database when it is not the embedded one. */
  readonly database?: ExternalDatabase | undefined;
  /** The blobs when they are not in the data folder. */
  readonly blobs?: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** What was written. */
export interface Backup {
  readonly files: number;
  readonly bytes: number;
  readonly database: DatabaseCopy;
  /** What to run for the database, when pg_dump is not installed here. */
  readonly dumpCommand?: string;
  /** Folders of nodes that are not in it: sites keep their own. */
  readonly nodes: readonly string[];
}

/**
 * Copies a stopped deployment: keys, database, chain, signing log and blobs of one moment, since none of them may be older
 * or newer than the others (ADR 0037). The manifest with the hash of every file is written last, so a copy that was cut
 * short is no backup. Throws CONFIG_LOCKED while something runs, DATA_FILE_UNREADABLE, CONFIG_FOLDER_IN_USE,
 * CONFIG_FOLDER_UNWRITABLE, STORE_DISK_FULL, STORE_BLOB_DAMAGED, STORE_DUMP_FAILED.
 */
export async function backUp(options: BackupOptions): Promise<Backup> {
  const { data, clock, logger } = options;
  const folder = dataFolderPaths(data);
  const into = resolve(options.into);
  if (!(await isThere(folder.keys))) throw nothingHere(folder.keys);
  if (!relative(folder.root, into).startsWith('..')) throw inside(into, folder.root);
  const createdAtMs = clock.nowMs();
  const held = await holdDeployment(folder, { isEmbedded: options.database === undefined, logger });
  try {
    await makeEmpty(into);
    const found: Found = { folders: [], files: [] };
    const database = await copyAll({ ...options, into }, held, found);
    await fsyncAll(into, found.folders);
    const manifest: Manifest = { format: FORMAT, createdAtMs, database, ...found };
    const text = `${JSON.stringify(manifest)}\n`;
    const path = join(into, MANIFEST_FILE);
    await durableWrite(path, text, 0o600).catch(unwritable(path));
    return {
      ...totals(found.files),
      database,
      ...commands(options, database),
      nodes: await nodesOf(folder.nodes),
    };
  } finally {
    await held.release();
  }
}

async function copyAll(
  { data, into, database, blobs, signal }: BackupOptions,
  { home }: HeldDeployment,
  found: Found,
): Promise<DatabaseCopy> {
  const folder = dataFolderPaths(data);
  const to = { into, found };
  if (home !== undefined && !(await isThere(home.data))) throw nothingHere(home.data);
  await copyPart(dataPart(folder.root), to, signal);
  if (home !== undefined) await copyPart(clusterPart(home.data), to, signal);
  const isDumped = database !== undefined && (await dump(database, to, signal));
  const source = resolve(blobs ?? folder.blobs); // after the database: what a row names is there by now
  if (await isThere(source)) await copyPart(blobsPart(source), to, signal);
  if (home !== undefined) return 'cluster';
  return isDumped ? 'dump' : 'elsewhere';
}

async function dump(
  database: ExternalDatabase,
  { into, found }: { readonly into: string; readonly found: Found },
  signal: AbortSignal,
): Promise<boolean> {
  const file = join(into, DUMP_FILE);
  const isDone = await runClient(dumpProgram(file), database, signal);
  if (isDone) found.files.push({ path: DUMP_FILE, ...(await hashFile(file, signal)) });
  return isDone;
}

async function fsyncAll(into: string, folders: readonly string[]): Promise<void> {
  for (const folder of folders) await fsyncFolder(join(into, folder));
  await fsyncFolder(into);
}

function commands(
  { database, into }: BackupOptions,
  copied: DatabaseCopy,
): { readonly dumpCommand?: string } {
  if (database === undefined || copied !== 'elsewhere') return {};
  return { dumpCommand: commandOf(dumpProgram(join(resolve(into), DUMP_FILE)), database.url) };
}

/** Makes `folder`, closed to others, or takes it when it is empty. */
async function makeEmpty(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(unwritable(folder));
  const [entry] = await readdir(folder);
  if (entry !== undefined) throw new TallyError('CONFIG_FOLDER_IN_USE', { folder, entry });
}

async function nodesOf(folder: string): Promise<readonly string[]> {
  return (await isThere(folder)) ? (await readdir(folder)).toSorted() : [];
}

function totals(files: readonly ManifestFile[]): {
  readonly files: number;
  readonly bytes: number;
} {
  return { files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}

function nothingHere(file: string): TallyError {
  const reason =
    'no deployment was started here, or its database is elsewhere (TALLY_DATABASE__URL)';
  return new TallyError('DATA_FILE_UNREADABLE', { file, reason });
}

function inside(folder: string, root: string): TallyError {
  const reason = `it lies in the data folder ${root}, and would be lost with it`;
  return new TallyError('CONFIG_FOLDER_UNWRITABLE', { folder, reason });
}
