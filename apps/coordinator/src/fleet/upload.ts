import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Hash, type NodeId, type RunId, TallyError } from '@tallystick/kernel';
import { LIMITS } from '@tallystick/protocol';
import type { CrashPoints } from '../crash-points.js';
import type { RunningHash, RunningHashes } from './running-hash.js';

/** The update a node wants to send. */
export interface UploadTarget {
  readonly run: RunId;
  readonly round: number;
  readonly node: NodeId;
  /** SHA-256 of the file. */
  readonly update: Hash;
  readonly bytes: number;
}

export interface UploadDeps {
  readonly folder: string;
  readonly hashes: RunningHashes;
  readonly crash: CrashPoints;
}

const { chunkBytes } = LIMITS;

/** Name of a spool file; `spool-folder.ts` reads it back. */
export function spoolName({ run, round, node, update }: UploadTarget): string {
  return `${run}-${round}-${node}-${update}.part`;
}

/**
 * One update file on its way in: chunks are appended to a spool file and fed to a running SHA-256. What a broken
 * connection or a killed process left is hashed again, and the node goes on at the next whole chunk.
 */
export class Upload {
  readonly target: UploadTarget;
  readonly path: string;
  #offset: number;
  readonly #file: FileHandle;
  readonly #hash: RunningHash;
  readonly #crash: CrashPoints;

  private constructor(
    target: UploadTarget,
    parts: {
      path: string;
      file: FileHandle;
      hash: RunningHash;
      crash: CrashPoints;
      offset: number;
    },
  ) {
    this.target = target;
    this.path = parts.path;
    this.#offset = parts.offset;
    this.#file = parts.file;
    this.#hash = parts.hash;
    this.#crash = parts.crash;
  }

  /** Opens or reopens the spool file; `offset` then tells where the node goes on. */
  static async open(target: UploadTarget, { folder, hashes, crash }: UploadDeps): Promise<Upload> {
    const path = join(folder, spoolName(target));
    const file = await open(path, 'a', 0o600);
    try {
      const bytes = await wholeChunks(file, target.bytes);
      const hash = await hashes.hashStream(bytes === 0 ? undefined : { path, bytes });
      return new Upload(target, { path, file, hash, crash, offset: bytes });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Bytes received, spooled and hashed; always whole chunks, or all of the file. */
  get offset(): number {
    return this.#offset;
  }

  get isComplete(): boolean {
    return this.#offset === this.target.bytes;
  }

  /** Appends the chunk at `offset`; throws PROTO_UNEXPECTED for any other chunk than the next whole one. */
  async append(offset: number, payload: Uint8Array): Promise<void> {
    const want = Math.min(chunkBytes, this.target.bytes - this.#offset);
    if (offset !== this.#offset || payload.length !== want) {
      throw new TallyError('PROTO_UNEXPECTED', {
        kind: 'upload.chunk',
        reason: `wanted ${want} bytes at ${this.#offset}, got ${payload.length} at ${offset}`,
      });
    }
    await Promise.all([this.#hash.update(payload), this.#spool(payload)]);
    this.#offset += payload.length;
  }

  /** The hash of the complete file; the file stays at `path` for the blob store to adopt. */
  async digest(): Promise<Hash> {
    if (!this.isComplete) {
      throw new TallyError('PROTO_UNEXPECTED', {
        kind: 'submit',
        reason: `${this.#offset} of ${this.target.bytes} bytes have arrived`,
      });
    }
    await this.#file.close();
    return this.#hash.digest();
  }

  /** Lets go of file and hash; what is spooled stays. Harmless when called twice. */
  async close(): Promise<void> {
    await this.#file.close();
    await this.#hash.abort();
  }

  /** Removes what is spooled. */
  async discard(): Promise<void> {
    await this.close();
    await rm(this.path, { force: true });
  }

  /** In two halves, so that a kill between them leaves the torn chunk that recovery must drop. */
  async #spool(payload: Uint8Array): Promise<void> {
    const half = payload.length >> 1;
    try {
      await this.#file.appendFile(payload.subarray(0, half));
      this.#crash.hit('chunk-half-spooled', this.target.round);
      await this.#file.appendFile(payload.subarray(half));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') {
        throw new TallyError('STORE_DISK_FULL', { path: this.path }, error);
      }
      throw error;
    }
  }
}

/** Cuts a torn last chunk off; the bytes that are left. */
async function wholeChunks(file: FileHandle, bytes: number): Promise<number> {
  const { size } = await file.stat();
  const whole = size >= bytes ? bytes : size - (size % chunkBytes);
  if (whole !== size) await file.truncate(whole);
  return whole;
}
