import { join } from 'node:path';
import { type Hash, type NodeId, type RunId, TallyError } from '@tallystick/kernel';
import { LIMITS } from '@tallystick/protocol';
import type { CrashPoints } from '../crash-points.js';
import type { Landing, SpooledFile, Spooler } from './spooler.js';

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
  readonly spooler: Spooler;
  readonly crash: CrashPoints;
}

const { chunkBytes } = LIMITS;

/** Name of a spool file; `spool-folder.ts` reads it back. */
export function spoolName({ run, round, node, update }: UploadTarget): string {
  return `${run}-${round}-${node}-${update}.part`;
}

/**
 * One update file on its way in: lets nothing through but the next whole chunk. What a broken connection or a killed
 * process left is hashed again by the spooler, and the node goes on at the next whole chunk.
 */
export class Upload {
  readonly target: UploadTarget;
  readonly #file: SpooledFile;
  readonly #crash: CrashPoints;

  private constructor(target: UploadTarget, file: SpooledFile, crash: CrashPoints) {
    this.target = target;
    this.#file = file;
    this.#crash = crash;
  }

  /** Opens or reopens the spool file; `offset` then tells where the node goes on. */
  static async open(target: UploadTarget, { folder, spooler, crash }: UploadDeps): Promise<Upload> {
    const path = join(folder, spoolName(target));
    return new Upload(target, await spooler.open({ path, bytes: target.bytes }), crash);
  }

  /** Bytes received; always whole chunks, or all of the file. */
  get offset(): number {
    return this.#file.offset;
  }

  /** Where the frame of the next chunk may land; see Spooler. */
  land(): Landing | Promise<void> | undefined {
    return this.#file.land();
  }

  /**
   * Takes the chunk at `offset`; throws PROTO_UNEXPECTED for any other chunk than the next whole one. A promise when
   * the next one has to wait for it.
   */
  append(offset: number, payload: Uint8Array): Promise<void> | undefined {
    const want = Math.min(chunkBytes, this.target.bytes - this.offset);
    if (offset !== this.offset || payload.length !== want || want === 0) {
      throw new TallyError('PROTO_UNEXPECTED', {
        kind: 'upload.chunk',
        reason: `wanted ${want} bytes at ${this.offset}, got ${payload.length} at ${offset}`,
      });
    }
    if (this.#crash.isDue('chunk-half-spooled', this.target.round)) return this.#tear(payload);
    return this.#file.append(payload);
  }

  /** Ends the complete file: its hash; when that is `update`, the file is a durable blob now. */
  async store(update: Hash): Promise<Hash> {
    const { bytes } = this.target;
    if (this.offset !== bytes) {
      throw new TallyError('PROTO_UNEXPECTED', {
        kind: 'submit',
        reason: `${this.offset} of ${bytes} bytes have arrived`,
      });
    }
    return this.#file.store(update);
  }

  /** Lets go of the file; what is spooled stays. Harmless when called twice. */
  close(): Promise<void> {
    return this.#file.close();
  }

  /** Lets go of it and removes what is spooled. */
  discard(): Promise<void> {
    return this.#file.discard();
  }

  /** A kill between the two halves of a chunk's write leaves the torn chunk that recovery must drop. */
  async #tear(payload: Uint8Array): Promise<void> {
    await this.#file.append(payload.subarray(0, payload.length >> 1));
    await this.close(); // so that the first half is written
    this.#crash.hit('chunk-half-spooled', this.target.round);
  }
}
