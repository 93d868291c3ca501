import { createHash } from 'node:crypto';
import { constants, readSync } from 'node:fs';
import { type FileHandle, lstat, open, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { CID_CHUNK_BYTES, cidOfLeaf, UnixfsCid } from '@tallystick/blobs';
import { asHash, TallyError } from '@tallystick/kernel';
import type { BlobBytes } from '@tallystick/rounds';
import { isFolder, limitOf } from './layout.js';
import { type BundleFile, type BundleManifest, decodeManifest } from './manifest.js';

/** Files one bundle may hold; their manifest entries fit into 64 MiB. */
const MAX_FILES = 400_000;
/** Bytes hashed at once. */
const PIECE = 1024 * 1024;
const MANIFEST = 'manifest.json';

/** A file that differs from what the manifest says of it. */
export interface Damage {
  readonly path: string;
  readonly what: 'missing' | 'not listed' | 'other bytes';
}

function malformed(path: string, reason: string): TallyError {
  return new TallyError('AUDIT_BUNDLE_MALFORMED', { path, reason });
}

/**
 * An evidence bundle on disk. It is untrusted input: fixed file names, no links, sizes checked before reading, every
 * file hashed once in pieces when the bundle is opened.
 */
export class BundleReader {
  readonly manifest: BundleManifest;
  readonly #folder: string;
  readonly #files: ReadonlyMap<string, BundleFile>;

  private constructor(
    folder: string,
    manifest: BundleManifest,
    files: ReadonlyMap<string, BundleFile>,
  ) {
    this.#folder = folder;
    this.manifest = manifest;
    this.#files = files;
  }

  /** Throws AUDIT_BUNDLE_MALFORMED for anything a bundle must not hold. */
  static async open(folder: string, signal?: AbortSignal): Promise<BundleReader> {
    const paths: string[] = [];
    await walk(folder, '', paths);
    if (!paths.includes(MANIFEST)) throw malformed(MANIFEST, 'it is missing');
    const manifest = decodeManifest(await readWhole(folder, MANIFEST));
    const files = new Map<string, BundleFile>();
    for (const path of paths.toSorted()) {
      signal?.throwIfAborted();
      if (path !== MANIFEST) files.set(path, await survey(folder, path));
    }
    return new BundleReader(folder, manifest, files);
  }

  /** Paths of the bundle, ascending, without the manifest. */
  paths(): readonly string[] {
    return [...this.#files.keys()];
  }

  /** Size and hash of a file as it is on disk; undefined when it is not there. */
  file(path: string): BundleFile | undefined {
    return this.#files.get(path);
  }

  /** A fresh buffer; undefined when the file is not there. */
  async read(path: string): Promise<Uint8Array | undefined> {
    return this.#files.has(path) ? readWhole(this.#folder, path) : undefined;
  }

  /** Calls `use` with a file that is there, to be read in pieces. */
  withBytes<T>(path: string, use: (blob: BlobBytes) => T): Promise<T> {
    return withFile(this.#folder, path, async ({ fd }, bytes) =>
      use({ bytes, read: (into, position) => readPiece({ fd, path }, into, position) }),
    );
  }

  /** Compares every file with the manifest: where damage is, before any step says what it means. */
  damage(): readonly Damage[] {
    const listed = new Map(this.manifest.files.map((file) => [file.path, file]));
    const found: Damage[] = [];
    for (const { path, bytes, sha256, cid } of this.#files.values()) {
      const file = listed.get(path);
      listed.delete(path);
      if (file === undefined) found.push({ path, what: 'not listed' });
      else if (file.bytes !== bytes || file.sha256 !== sha256 || file.cid !== cid) {
        found.push({ path, what: 'other bytes' });
      }
    }
    for (const path of listed.keys()) found.push({ path, what: 'missing' });
    return found;
  }
}

/** Collects the files below `prefix`; throws for anything else than the files and folders of a bundle. */
async function walk(root: string, prefix: string, paths: string[]): Promise<void> {
  const folder = await opendir(join(root, prefix)).catch((error: unknown) => {
    throw unreadable(prefix === '' ? root : prefix, error);
  });
  for await (const { name } of folder) {
    const path = prefix === '' ? name : `${prefix}/${name}`;
    const stat = await lstat(join(root, path)).catch((error: unknown) => {
      throw unreadable(path, error);
    });
    if (stat.isDirectory() && isFolder(path)) await walk(root, path, paths);
    else if (!stat.isFile() || limitOf(path) === undefined) {
      throw malformed(path, 'a bundle does not hold it');
    } else if (paths.length >= MAX_FILES) throw malformed(path, `more than ${MAX_FILES} files`);
    else paths.push(path);
  }
}

/** Opens a file of the bundle that is no link and within its limit, and closes it after `use`. */
async function withFile<T>(
  root: string,
  path: string,
  use: (file: FileHandle, bytes: number) => Promise<T>,
): Promise<T> {
  const file = await open(join(root, path), constants.O_RDONLY | constants.O_NOFOLLOW).catch(
    (error: unknown) => {
      throw unreadable(path, error);
    },
  );
  try {
    const { size } = await file.stat();
    const limit = limitOf(path) ?? 0;
    if (size > limit) throw malformed(path, `it has ${size} bytes, the limit is ${limit}`);
    return await use(file, size);
  } finally {
    await file.close();
  }
}

function survey(root: string, path: string): Promise<BundleFile> {
  return withFile(root, path, async (file, bytes) => {
    const hash = createHash('sha256');
    // a file of one leaf has its hash in its CID already
    const unixfs = bytes > CID_CHUNK_BYTES ? new UnixfsCid() : undefined;
    const piece = new Uint8Array(Math.min(PIECE, Math.max(bytes, 1)));
    for (let at = 0; at < bytes;) {
      const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, bytes - at), at);
      if (bytesRead === 0) throw malformed(path, 'it was cut off while it was read');
      hash.update(piece.subarray(0, bytesRead));
      unixfs?.update(piece.subarray(0, bytesRead));
      at += bytesRead;
    }
    const sha256 = asHash(hash.digest('hex'));
    return { path, bytes, sha256, cid: unixfs?.digest() ?? cidOfLeaf(sha256) };
  });
}

function readPiece(
  { fd, path }: { readonly fd: number; readonly path: string },
  into: Uint8Array,
  position: number,
): void {
  for (let done = 0; done < into.length;) {
    const read = readSync(fd, into, done, into.length - done, position + done);
    if (read === 0) throw malformed(path, 'it was cut off while it was read');
    done += read;
  }
}

function readWhole(root: string, path: string): Promise<Uint8Array> {
  return withFile(root, path, async (file) => {
    const bytes = await file.readFile();
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  });
}

function unreadable(path: string, error: unknown): TallyError {
  return malformed(path, error instanceof Error ? error.message : String(error));
}
