import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const pack = promisify(gzip);

/** Bytes of all files together; a build is a few hundred kilobytes. */
const MAX_BYTES = 16_777_216;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** One file of the page, ready to be sent. */
export interface PageFile {
  readonly bytes: Buffer;
  readonly gzip: Buffer;
  readonly type: string;
  /** Quoted, for If-None-Match. */
  readonly etag: string;
  /** Its name changes with its bytes. */
  readonly isHashed: boolean;
}

/**
 * The built page, read once and kept in memory: what is asked for is looked up in a map, so no path of a request reaches
 * the file system. Empty when the page was not built; rejects when a build is larger than a page can be.
 */
export async function readPageFiles(folder: string): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  let total = 0;
  for (const name of await namesBelow(folder)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const bytes = await readFile(join(folder, name));
    total += bytes.length;
    if (total > MAX_BYTES) throw new Error(`${folder}: the page is larger than ${MAX_BYTES} bytes`);
    const digest = createHash('sha256').update(bytes).digest('base64url');
    files.set(`/${name}`, {
      bytes,
      gzip: await pack(bytes),
      type,
      etag: `"${digest}"`,
      isHashed: name.startsWith('assets/'),
    });
  }
  return files;
}

async function namesBelow(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true, recursive: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).replace(/^\/+/, ''))
      .sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
