import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TallyError } from '@tallystick/kernel';
import { hasErrno } from '@tallystick/kernel/node';

/** Where the database of a backup is: a copied cluster, a dump beside it, or with whoever keeps the server. */
export type DatabaseCopy = 'cluster' | 'dump' | 'elsewhere';

/** A file of a backup; `path` with slashes, below the backup's folder. */
export interface ManifestFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What a backup is made of. Written last: a folder without it is no backup. */
export interface Manifest {
  readonly format: typeof FORMAT;
  readonly createdAtMs: number;
  readonly database: DatabaseCopy;
  /** Also the empty ones, parents first; PostgreSQL does not start without them. */
  readonly folders: readonly string[];
  readonly files: readonly ManifestFile[];
}

export const FORMAT = 'tally-backup/1';
export const MANIFEST_FILE = 'manifest.json';
/** Written by pg_dump, in its custom format. */
export const DUMP_FILE = 'database.dump';
/** A file has some 150 bytes in the manifest: more than a million blobs. */
const MAX_MANIFEST_BYTES = 256 << 20;

/** Relative, without a step upwards, below one of the parts. */
const PATH = /^(?:(?:data|cluster|blobs)(?:\/(?!\.{1,2}(?:\/|$))[^/\\\0]+)*|database\.dump)$/;

/** Reads and checks the manifest of `folder`; throws STORE_BACKUP_INVALID. */
export async function readManifest(folder: string): Promise<Manifest> {
  const text = await readFile(join(folder, MANIFEST_FILE), 'utf8').catch((error: unknown) => {
    if (!hasErrno(error, 'ENOENT')) throw error;
    throw notWhole(folder, `it has no ${MANIFEST_FILE}, which is written last`);
  });
  if (text.length > MAX_MANIFEST_BYTES) throw notWhole(folder, `${MANIFEST_FILE} is too large`);
  try {
    return manifestOf(JSON.parse(text));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw notWhole(folder, `${MANIFEST_FILE}: ${reason}`);
  }
}

export function notWhole(folder: string, reason: string): TallyError {
  return new TallyError('STORE_BACKUP_INVALID', { folder, reason });
}

/** Throws RangeError with the first fault. */
function manifestOf(value: unknown): Manifest {
  const { format, createdAtMs, database, folders, files } = fieldsOf(value);
  if (format !== FORMAT) throw new RangeError(`its format is ${String(format)}, not ${FORMAT}`);
  if (!isCount(createdAtMs)) throw new RangeError('createdAtMs is no time');
  if (database !== 'cluster' && database !== 'dump' && database !== 'elsewhere') {
    throw new RangeError('database is unknown');
  }
  if (!Array.isArray(folders) || !Array.isArray(files)) throw new RangeError('lists are missing');
  return {
    format: FORMAT,
    createdAtMs,
    database,
    folders: folders.map(pathOf),
    files: files.map(fileOf),
  };
}

function fileOf(value: unknown): ManifestFile {
  const { path, bytes, sha256 } = fieldsOf(value);
  const name = pathOf(path);
  if (!isCount(bytes)) throw new RangeError(`${name} has no size`);
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw new RangeError(`${name} has no hash`);
  }
  return { path: name, bytes, sha256 };
}

function pathOf(value: unknown): string {
  if (typeof value === 'string' && PATH.test(value)) return value;
  throw new RangeError(`${JSON.stringify(value)} is no path of a backup`);
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new RangeError('an entry is no object');
  return { ...value };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
