import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsync,
  ftruncateSync,
  openSync,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import type { FsBlobStore } from '@tallystick/blobs';
import { type Hash, TallyError } from '@tallystick/kernel';
import { readPrefix } from '../read-update.js';
import type { Piece, SpoolPlace } from './spool-tasks.js';

/** Bytes after which the disk is set to work, so that the last fsync of a large file has little left. */
const SYNC_BYTES = 16 * 2 ** 20;
const durable = promisify(fsync);

/** One spooled file inside its worker: its descriptor, its running SHA-256, and the shared memory. */
export class SpoolSession {
  readonly #path: string;
  readonly #fd: number;
  readonly #memory: SharedArrayBuffer;
  readonly #hash = createHash('sha256');
  #written = 0;
  #synced = 0;
  #isSyncing = false;
  /** A failed write-back is told once: what an early sync was told must not be forgotten. */
  #syncFault: Error | null = null;
  #isClosed = false;

  private constructor(place: SpoolPlace, memory: SharedArrayBuffer, flags: number) {
    this.#path = place.path;
    this.#memory = memory;
    this.#fd = orDiskFull(place.path, () => openSync(place.path, flags | constants.O_CREAT, 0o600));
  }

  /** Cuts a torn last chunk off and hashes what is left. */
  static open(place: SpoolPlace, memory: SharedArrayBuffer): SpoolSession {
    const session = new SpoolSession(place, memory, constants.O_RDWR);
    try {
      session.#resume(place);
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /** Opens a file that is one piece: nothing of it is there before. */
  static create(place: SpoolPlace, memory: SharedArrayBuffer): SpoolSession {
    return new SpoolSession(place, memory, constants.O_WRONLY | constants.O_TRUNC);
  }

  /** Bytes hashed and written. */
  get bytes(): number {
    return this.#written;
  }

  append({ at, bytes }: Piece): void {
    const piece = new Uint8Array(this.#memory, at, bytes);
    this.#hash.update(piece);
    orDiskFull(this.#path, () => this.#write(piece));
    this.#syncNowAndThen();
  }

  /** Ends the file, well or not: its hash; durable under its name when that is `update`. */
  async store(update: Hash, blobs: FsBlobStore): Promise<Hash> {
    const got = this.#hash.digest('hex') as Hash; // 64 lower-case digits
    try {
      if (got !== update) return got;
      await durable(this.#fd);
      if (this.#syncFault !== null) throw this.#syncFault;
    } catch (error) {
      throw asStoreError(error, this.#path);
    } finally {
      this.close();
    }
    await blobs.adoptSynced(this.#path, update);
    return got;
  }

  /** What is written stays. Harmless when called twice. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // A descriptor in use is closed by its sync: its number must not become another file's before.
    if (!this.#isSyncing) closeSync(this.#fd);
  }

  #resume({ path, bytes, chunkBytes }: SpoolPlace): void {
    const { size } = fstatSync(this.#fd);
    const whole = size >= bytes ? bytes : size - (size % chunkBytes);
    if (whole !== size) ftruncateSync(this.#fd, whole);
    if (whole > 0) readPrefix({ path, bytes: whole }, (piece) => this.#hash.update(piece));
    this.#written = whole;
  }

  #write(piece: Uint8Array): void {
    for (let done = 0; done < piece.length;) {
      const written = writeSync(this.#fd, piece, done, piece.length - done, this.#written);
      done += written;
      this.#written += written;
    }
  }

  #syncNowAndThen(): void {
    if (this.#isSyncing || this.#written - this.#synced < SYNC_BYTES) return;
    this.#isSyncing = true;
    this.#synced = this.#written;
    fdatasync(this.#fd, (fault) => {
      this.#isSyncing = false;
      this.#syncFault ??= fault;
      if (this.#isClosed) closeSync(this.#fd);
    });
  }
}

function orDiskFull<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw asStoreError(error, path);
  }
}

function asStoreError(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return isFull ? new TallyError('STORE_DISK_FULL', { path }, error) : error;
}
