import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asHash, TallyError } from '@tallystick/kernel';
import { copyFile, unwritable } from './copy-file.js';
import type { ManifestFile } from './manifest.js';
import { type Tree, walk } from './walk.js';

/** A folder of the deployment and the name it has in a backup. */
export interface Part {
  readonly name: 'data' | 'cluster' | 'blobs';
  readonly root: string;
  readonly isWanted: (path: string) => boolean;
}

/** Each process's own, made anew at the next start, or somebody else's: the sites keep their own folders. */
const NOT_DATA: readonly RegExp[] = [
  /^(?:postgres|blobs|spool|logs|nodes)$/,
  /\.(?:lock|tmp|takeover)$/,
  /(?:^|\/)lock\.json$|\.lock\.json$|^(?:endpoint|restoring|restored)\.json$/,
  /^(?:\.probe-|crashed-|lost\+found$)/,
  /^chain\/chain\.(?:out|log)/,
];

/** Keys, chain, signing log, token and whatever else belongs to the deployment. */
export function dataPart(root: string): Part {
  return { name: 'data', root, isWanted: (path) => !NOT_DATA.some((not) => not.test(path)) };
}

/** A PostgreSQL cluster; a pid file in it speaks of a server that is gone. */
export function clusterPart(root: string): Part {
  return { name: 'cluster', root, isWanted: (path) => path !== 'postmaster.pid' };
}

/** Content-addressed files alone: drafts are nobody's yet. */
export function blobsPart(root: string): Part {
  return { name: 'blobs', root, isWanted: (path) => /^[0-9a-f]{2}(?:\/[0-9a-f]{64})?$/.test(path) };
}

/**
 * Copies a part into the backup `into`; appends to `found` what the manifest says of it. A blob whose bytes are not what
 * its name says is refused with STORE_BLOB_DAMAGED: a backup must not keep it as good.
 */
export async function copyPart(
  { name, root, isWanted }: Part,
  { into, found }: { readonly into: string; readonly found: Found },
  signal?: AbortSignal,
): Promise<void> {
  const tree: Tree = await walk(root, isWanted);
  const folders = [name, ...tree.folders.map((path) => `${name}/${path}`)];
  for (const path of folders) {
    await mkdir(join(into, path), { mode: 0o700 }).catch(unwritable(join(into, path)));
    found.folders.push(path);
  }
  for (const file of tree.files) {
    const path = `${name}/${file}`;
    const copied = await copyFile(join(root, file), join(into, path), signal);
    if (name === 'blobs') assertName(file, copied.sha256);
    found.files.push({ path, ...copied });
  }
}

/** Lists that grow into a manifest. */
export interface Found {
  readonly folders: string[];
  readonly files: ManifestFile[];
}

function assertName(file: string, got: string): void {
  const name = file.slice(dirname(file).length + 1);
  if (name === got) return;
  throw new TallyError('STORE_BLOB_DAMAGED', { sha256: asHash(name), got });
}
