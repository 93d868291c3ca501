import { type Clock, type Hash, type NodeId, TallyError, type Timer } from '@tallystick/kernel';
import type { FsBlobStore } from '@tallystick/blobs';
import type { CrashPoints } from '../crash-points.js';
import type { RunningHashes } from './running-hash.js';
import { Upload, type UploadTarget } from './upload.js';
import type { UploadSlots } from './upload-slots.js';

/** A slot is given back when no chunk has come for this long; what is spooled stays. */
const IDLE_MS = 30_000;

export interface UploadDeskDeps {
  readonly folder: string;
  readonly hashes: RunningHashes;
  readonly slots: UploadSlots;
  readonly blobs: Pick<FsBlobStore, 'has' | 'size' | 'adopt'>;
  readonly clock: Clock;
  readonly crash: CrashPoints;
}

interface RoundRef {
  readonly run: number;
  readonly round: number;
}

/** The one upload of a session: begin, chunks, and the file's way into the blob store. */
export class UploadDesk {
  #current: { upload: Upload; release: () => void; idle: Timer } | undefined;
  /** The round whose upload was dropped last: what of it was under way already is honest lateness. */
  #forgotten: RoundRef | undefined;
  readonly #onIdle: (error: TallyError) => void;
  readonly #deps: UploadDeskDeps;

  /** @param onIdle hears NET_TIMEOUT when the node stops in the middle of a file. */
  constructor(onIdle: (error: TallyError) => void, deps: UploadDeskDeps) {
    this.#onIdle = onIdle;
    this.#deps = deps;
  }

  /** Waits for a slot and tells where to go on; `target.bytes` when the file is here already. */
  async begin(target: UploadTarget, signal: AbortSignal): Promise<number> {
    await this.leave();
    if (await this.#isStored(target.update, target.bytes)) return target.bytes;
    const release = await this.#deps.slots.take(signal);
    try {
      const upload = await Upload.open(target, this.#deps);
      this.#current = { upload, release, idle: this.#idle(target.node) };
      return upload.offset;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** True when the upload of this round was dropped because the round is over. */
  isForgotten({ run, round }: RoundRef): boolean {
    return this.#forgotten?.run === run && this.#forgotten.round === round;
  }

  /** Takes the chunk at `offset` of the upload of (run, round); drops one that was under way when the round ended. */
  async append(at: RoundRef & { readonly offset: number }, payload: Uint8Array): Promise<void> {
    if (this.#current === undefined && this.isForgotten(at)) return;
    const { upload } = this.#expect('upload.chunk', at);
    await upload.append(at.offset, payload);
    const current = this.#current;
    if (current === undefined) return;
    current.idle.cancel();
    current.idle = this.#idle(upload.target.node);
  }

  /**
   * Makes the uploaded file a blob. Throws UPDATE_HASH_MISMATCH when its bytes are not what the receipt says, and
   * forgets them. Resolves at once when the blob is here already: a receipt may come twice.
   */
  async deliver(at: RoundRef, update: Hash): Promise<bigint> {
    const { blobs } = this.#deps;
    if (this.#current === undefined && (await blobs.has(update))) {
      return BigInt(await blobs.size(update));
    }
    const { upload } = this.#expect('submit', at);
    const got = await upload.digest();
    if (got !== update) {
      await upload.discard();
      await this.leave();
      throw new TallyError('UPDATE_HASH_MISMATCH', { got, want: update });
    }
    await blobs.adopt(upload.path, update);
    this.#deps.crash.hit('spooled-no-row', upload.target.round);
    await this.leave();
    return BigInt(upload.target.bytes);
  }

  /** Gives the slot back; the spooled bytes stay for the next session. */
  async leave(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    if (current === undefined) return;
    current.idle.cancel();
    current.release();
    await current.upload.close();
  }

  /** Drops the upload of a round that is over. */
  async forget(run: number, round: number): Promise<void> {
    const upload = this.#current?.upload;
    if (upload?.target.run !== run || upload.target.round !== round) return;
    this.#forgotten = { run, round };
    await this.leave();
    await upload.discard();
  }

  #expect(kind: string, { run, round }: RoundRef) {
    const current = this.#current;
    if (current?.upload.target.run !== run || current.upload.target.round !== round) {
      const reason = `no upload of run ${run} round ${round} has begun`;
      throw new TallyError('PROTO_UNEXPECTED', { kind, reason });
    }
    return current;
  }

  async #isStored(update: Hash, bytes: number): Promise<boolean> {
    const { blobs } = this.#deps;
    return (await blobs.has(update)) && (await blobs.size(update)) === bytes;
  }

  #idle(node: NodeId): Timer {
    return this.#deps.clock.after(IDLE_MS, () => {
      this.#onIdle(new TallyError('NET_TIMEOUT', { what: `node ${node}`, timeoutMs: IDLE_MS }));
    });
  }
}
