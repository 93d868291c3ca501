import { type Clock, type Hash, type NodeId, TallyError, type Timer } from '@tallystick/kernel';
import type { FsBlobStore } from '@tallystick/blobs';
import type { CrashPoints } from '../crash-points.js';
import type { Landing, Spooler } from './spooler.js';
import { Upload, type UploadTarget } from './upload.js';
import type { UploadSlots } from './upload-slots.js';

/**
 * A slot is given back when no whole chunk has come for this long; what is spooled stays. A node that sends slower
 * than 35 KB/s would keep it from 16 others that wait.
 */
const IDLE_MS = 30_000;
/** Begun uploads of one round in one session; a node tries again eight times. */
const MAX_BEGINS = 32;

export interface UploadDeskDeps {
  readonly folder: string;
  readonly spooler: Spooler;
  readonly slots: UploadSlots;
  readonly blobs: Pick<FsBlobStore, 'has' | 'size'>;
  readonly clock: Clock;
  readonly crash: CrashPoints;
}

interface RoundRef {
  readonly run: number;
  readonly round: number;
}

const NEVER = { times: 0 };

/** The one upload of a session: begin, chunks, and the file's way into the blob store. */
export class UploadDesk {
  #current: { upload: Upload; release: () => void; idle: Timer } | undefined;
  /** The round whose upload was dropped last: what of it was under way already is honest lateness. */
  #forgotten: RoundRef | undefined;
  /** The round of the newest upload, and how often one of it has begun. */
  #begun: RoundRef & { readonly times: number } = { run: -1, round: -1, times: 0 };
  #begunAtMs = 0;
  readonly #onIdle: (error: TallyError) => void;
  readonly #deps: UploadDeskDeps;

  /** @param onIdle hears NET_TIMEOUT when the node stops in the middle of a file. */
  constructor(onIdle: (error: TallyError) => void, deps: UploadDeskDeps) {
    this.#onIdle = onIdle;
    this.#deps = deps;
  }

  /**
   * Waits for a slot and tells where to go on; `target.bytes` when the file is here already. An upload that is open
   * gives way. Throws UPDATE_QUOTA for one begin too many.
   */
  async begin(target: UploadTarget, signal: AbortSignal): Promise<number> {
    this.#count(target);
    await this.leave();
    if (await this.#isStored(target)) return target.bytes;
    const release = await this.#deps.slots.take(signal);
    try {
      const upload = await Upload.open(target, this.#deps);
      this.#begunAtMs = this.#deps.clock.nowMs();
      this.#current = { upload, release, idle: this.#idle(target.node) };
      return upload.offset;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** When the open upload, or the newest one, got its slot. */
  get begunAtMs(): number {
    return this.#begunAtMs;
  }

  /** True from the credit to the end of the upload. */
  get isOpen(): boolean {
    return this.#current !== undefined;
  }

  /** True when the upload of this round was dropped because the round is over. */
  isForgotten({ run, round }: RoundRef): boolean {
    return this.#forgotten?.run === run && this.#forgotten.round === round;
  }

  /** Where the next chunk may land; undefined when none is expected. */
  land(): Landing | Promise<void> | undefined {
    return this.#current?.upload.land();
  }

  /**
   * Takes the chunk at `offset` of the upload of (run, round); drops one that was under way when the round ended. A
   * promise when the next chunk has to wait.
   */
  append(
    at: RoundRef & { readonly offset: number },
    payload: Uint8Array,
  ): Promise<void> | undefined {
    if (this.#current === undefined && this.isForgotten(at)) return undefined;
    const current = this.#expect('upload.chunk', at);
    const taken = current.upload.append(at.offset, payload);
    current.idle.cancel();
    current.idle = this.#idle(current.upload.target.node);
    return taken;
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
    const { upload, idle } = this.#expect('submit', at);
    idle.cancel(); // from here on it is our disk that takes its time
    const got = await upload.store(update).catch(async (error: unknown) => {
      await this.leave();
      throw error;
    });
    if (got !== update) {
      await this.#drop();
      throw new TallyError('UPDATE_HASH_MISMATCH', { got, want: update });
    }
    this.#deps.crash.hit('spooled-no-row', upload.target.round);
    await this.leave();
    return BigInt(upload.target.bytes);
  }

  /** Gives the slot back; the spooled bytes stay for the next session. */
  leave(): Promise<void> {
    return this.#end((upload) => upload.close());
  }

  /** Drops the upload of a round that is over. */
  async forget(run: number, round: number): Promise<void> {
    const target = this.#current?.upload.target;
    if (target?.run !== run || target.round !== round) return;
    this.#forgotten = { run, round };
    await this.#drop();
  }

  #count({ node, run, round }: UploadTarget): void {
    const { times } = this.#begun.run === run && this.#begun.round === round ? this.#begun : NEVER;
    if (times === MAX_BEGINS) {
      throw new TallyError('UPDATE_QUOTA', { node, run, round, limit: MAX_BEGINS });
    }
    this.#begun = { run, round, times: times + 1 };
  }

  #drop(): Promise<void> {
    return this.#end((upload) => upload.discard());
  }

  async #end(last: (upload: Upload) => Promise<void>): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    if (current === undefined) return;
    current.idle.cancel();
    try {
      await last(current.upload);
    } finally {
      current.release();
    }
  }

  #expect(kind: string, { run, round }: RoundRef) {
    const current = this.#current;
    if (current?.upload.target.run !== run || current.upload.target.round !== round) {
      const reason = `no upload of run ${run} round ${round} has begun`;
      throw new TallyError('PROTO_UNEXPECTED', { kind, reason });
    }
    return current;
  }

  /** A file from before is hashed again: one that a disk damaged is sent anew and replaced. */
  async #isStored({ update, bytes }: UploadTarget): Promise<boolean> {
    const { blobs, spooler } = this.#deps;
    if (!(await blobs.has(update)) || (await blobs.size(update)) !== bytes) return false;
    return spooler.isIntact(update);
  }

  #idle(node: NodeId): Timer {
    return this.#deps.clock.after(IDLE_MS, () => {
      this.#onIdle(new TallyError('NET_TIMEOUT', { what: `node ${node}`, timeoutMs: IDLE_MS }));
    });
  }
}
