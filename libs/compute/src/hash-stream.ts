import type { Hash } from '@tallystick/kernel';
import type { WorkerPool } from './worker-pool.js';

/**
 * The running SHA-256 of a file that arrives in pieces, kept by one worker. Await each `update` before the next: it
 * resolves when the piece is hashed, which is what bounds memory. End with `digest` or `abort`.
 */
export class HashStream {
  readonly #pool: WorkerPool;
  readonly #worker: number;
  readonly #stream: number;
  readonly #ended: () => void;
  #open = true;

  /** @param place where the running hash lives; `ended` is called once */
  constructor(
    pool: WorkerPool,
    place: { readonly worker: number; readonly stream: number },
    ended: () => void,
  ) {
    this.#pool = pool;
    this.#worker = place.worker;
    this.#stream = place.stream;
    this.#ended = ended;
  }

  /** Appends a piece, at most a few MiB. The buffer stays the caller's: it is copied before this returns. */
  async update(bytes: Uint8Array): Promise<void> {
    const copy = new Uint8Array(bytes.length);
    copy.set(bytes);
    const ask = { stream: this.#stream, bytes: copy };
    await this.#pool.run(this.#worker, 'hashUpdate', { ask, transfer: [copy.buffer] });
  }

  /** SHA-256 of everything so far; the stream is over. */
  async digest(): Promise<Hash> {
    this.#end();
    return this.#pool.run(this.#worker, 'hashDigest', { ask: { stream: this.#stream } });
  }

  /** Forgets the stream; harmless after `digest`. */
  async abort(): Promise<void> {
    if (!this.#open) return;
    this.#end();
    await this.#pool.run(this.#worker, 'hashAbort', { ask: { stream: this.#stream } });
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#ended();
  }
}
