import { randomUUID } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  fsync,
  openSync,
  type ReadStream,
  renameSync,
} from 'node:fs';
import { copyFile, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { asHash, type Hash, TallyError } from '@tallystick/kernel';
import { fsyncFolder, sha256 } from '@tallystick/kernel/node';
import type { BlobBytes, BlobStore } from '@tallystick/rounds';
import { bytesOf, withFile } from './open-file.js';

const durable = promisify(fsync);

/** Half-open range of bytes, as in HTTP after the usual +1. */
export interface ByteRange {
  readonly start: number;
  /** One past the last byte. */
  readonly end: number;
}

/**
 * Blobs as files `<folder>/ab/abcd…`, named by the SHA-256 of their content. A file appears under its name only
 * whole and durable: draft, fsync, rename, fsync of the folder. `get` checks the hash on every read.
 * Several processes and threads may share a folder: equal names hold equal bytes.
 */
export class FsBlobStore implements BlobStore {
  /** The store's folder, made when the first blob is stored. */
  readonly folder: string;

  constructor(options: { readonly folder: string }) {
    this.folder = options.folder;
  }

  /** Where the blob lies, or would lie. */
  path(id: Hash): string {
    return join(this.folder, asHash(id).slice(0, 2), id);
  }

  /** Also replaces a damaged copy: the bytes are written whether or not the name exists. */
  put(bytes: Uint8Array): Promise<Hash> {
    return this.putParts([bytes]);
  }

  /** `put` of a blob that lies in parts; they stay the caller's, and as they are until this has resolved. */
  async putParts(parts: readonly Uint8Array[]): Promise<Hash> {
    const id = sha256(...parts);
    const draft = join(this.#drafts, randomUUID());
    try {
      await makeFolder(this.#drafts);
      const handle = await open(draft, 'wx');
      try {
        for (const part of parts) await handle.writeFile(part); // each goes on behind the one before
      } finally {
        await handle.close();
      }
      await this.adopt(draft, id);
    } catch (error) {
      await rm(draft, { force: true });
      throw asStoreError(error, draft);
    }
    return id;
  }

  /**
   * Takes over a file whose content hashes to `id` (the caller has hashed it), durably: after this resolves the
   * blob survives a power cut and `file` is gone. A file on another file system is copied.
   */
  async adopt(file: string, id: Hash): Promise<void> {
    const path = this.path(id);
    try {
      await fsyncFile(file);
      await makeFolder(dirname(path));
      await rename(file, path).catch((error: unknown) => {
        if (codeOf(error) !== 'EXDEV') throw error;
        return this.#copy(file, path);
      });
      await fsyncFolder(dirname(path));
    } catch (error) {
      throw asStoreError(error, path);
    }
  }

  /**
   * `adopt` of a file that the caller has synced. For worker threads: renames at once, and waits for nothing but the
   * disk (a quarter of `adopt`'s trips through the thread pool).
   */
  async adoptSynced(file: string, id: Hash): Promise<void> {
    const path = this.path(id);
    const folder = dirname(path);
    try {
      if (!existsSync(folder)) await makeFolder(folder);
      await this.#moveSynced(file, path);
      const descriptor = openSync(folder, 'r');
      try {
        await durable(descriptor);
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      throw asStoreError(error, path);
    }
  }

  async get(id: Hash): Promise<Uint8Array> {
    const bytes = await readFile(this.path(id)).catch((error: unknown) => {
      throw missing(error, id);
    });
    const got = sha256(bytes);
    if (got !== id) throw new TallyError('STORE_BLOB_DAMAGED', { sha256: id, got });
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  async withBytes<T>(id: Hash, use: (blob: BlobBytes) => T): Promise<T> {
    return withFile(this.path(id), id, (file) => use(bytesOf(file)));
  }

  async has(id: Hash): Promise<boolean> {
    return stat(this.path(id)).then(
      (found) => found.isFile(),
      () => false,
    );
  }

  /** Bytes of the blob; rejects with STORE_BLOB_MISSING. */
  async size(id: Hash): Promise<number> {
    const found = await stat(this.path(id)).catch((error: unknown) => {
      throw missing(error, id);
    });
    return found.size;
  }

  /**
   * The blob's bytes, or a range of them, in 64 KiB pieces. Not hashed: who downloads a blob knows its id and checks.
   * The stream fails with ENOENT when there is no such blob; ask `size` first.
   */
  readStream(id: Hash, range?: ByteRange): ReadStream {
    const bounds = range === undefined ? {} : { start: range.start, end: range.end - 1 };
    return createReadStream(this.path(id), { ...bounds, highWaterMark: 2 ** 16 });
  }

  /** Removes drafts that a killed process left. Call before anything writes here: at start, or when taking the lead. */
  async sweepDrafts(): Promise<void> {
    await rm(this.#drafts, { recursive: true, force: true });
  }

  /** A rename, at once; blobs may lie on another file system than the spool, as those of two coordinators do. */
  async #moveSynced(file: string, path: string): Promise<void> {
    try {
      renameSync(file, path);
    } catch (error) {
      if (codeOf(error) !== 'EXDEV') throw error;
      await this.#copy(file, path);
    }
  }

  /** A rename across file systems, with the same promise: the name appears only whole and durable. */
  async #copy(file: string, path: string): Promise<void> {
    const draft = join(this.#drafts, randomUUID());
    await makeFolder(this.#drafts);
    await copyFile(file, draft);
    await fsyncFile(draft);
    await rename(draft, path);
    await rm(file);
  }

  get #drafts(): string {
    return join(this.folder, 'drafts');
  }
}

/** Makes a folder and its missing parents so that they survive a power cut. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) {
    await fsyncFolder(dirname(made));
  }
}

async function fsyncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function missing(error: unknown, id: Hash): unknown {
  return codeOf(error) === 'ENOENT'
    ? new TallyError('STORE_BLOB_MISSING', { sha256: id }, error)
    : error;
}

function asStoreError(error: unknown, path: string): unknown {
  const code = codeOf(error);
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new TallyError('STORE_DISK_FULL', { path }, error)
    : error;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
