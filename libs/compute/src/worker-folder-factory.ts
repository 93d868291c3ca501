import { CHUNK_POSITIONS } from '@tallystick/aggregation';
import type { FsBlobStore } from '@tallystick/blobs';
import { type Hash, TallyError } from '@tallystick/kernel';
import type { FolderFactory, FoldSpec } from '@tallystick/rounds';
import { Fold } from './fold.js';
import { HashStream } from './hash-stream.js';
import type { Prefix } from './tasks.js';
import { WorkerEngine } from './worker-engine.js';
import { WorkerPool } from './worker-pool.js';

/** What worker folds need. */
export interface WorkerFolderOptions {
  readonly blobs: FsBlobStore;
  /** Threads, 1 to 64. They start with the first task and stay warm between rounds. */
  readonly workers: number;
  /** Positions a worker stages at once; never changes a result. */
  readonly chunkPositions?: number;
}

/** Running hashes open at once: far above the upload slots. */
const MAX_STREAMS = 256;

/** Folds and hashes files in worker threads over shared memory, so that the thread with the sockets stays free. */
export class WorkerFolderFactory implements FolderFactory {
  readonly #blobs: FsBlobStore;
  readonly #chunkPositions: number;
  readonly #pool: WorkerPool;
  #nextFold = 0;
  #nextStream = 0;
  #streams = 0;

  constructor(options: WorkerFolderOptions) {
    this.#blobs = options.blobs;
    this.#chunkPositions = options.chunkPositions ?? CHUNK_POSITIONS;
    this.#pool = new WorkerPool({ workers: options.workers });
  }

  /** Rejects with STORE_BLOB_MISSING, STORE_BLOB_DAMAGED or MODEL_MALFORMED. */
  async open(spec: FoldSpec): Promise<Fold> {
    const ask = { folder: this.#blobs.folder, spec };
    const start = await this.#pool.run(this.#pool.idlest(), 'load', { ask });
    const engine = await WorkerEngine.open(spec, {
      pool: this.#pool,
      blobs: this.#blobs,
      fold: this.#nextFold++,
      start,
      chunkPositions: this.#chunkPositions,
    });
    return new Fold(spec, engine);
  }

  /** SHA-256 of a whole file. */
  hashFile(path: string): Promise<Hash> {
    return this.#pool.run(this.#pool.idlest(), 'hashFile', { ask: { path } });
  }

  /**
   * Begins a running hash, of nothing or of the first `prefix.bytes` bytes of a spooled file (an upload resumed after
   * a restart). Rejects with INTERNAL_OVERFLOW when 256 are open.
   */
  async hashStream(prefix?: Prefix): Promise<HashStream> {
    if (this.#streams >= MAX_STREAMS) {
      throw new TallyError('INTERNAL_OVERFLOW', { what: 'running hashes', limit: MAX_STREAMS });
    }
    this.#streams++;
    const place = { worker: this.#pool.idlest(), stream: this.#nextStream++ };
    try {
      await this.#pool.run(place.worker, 'hashBegin', { ask: { stream: place.stream, prefix } });
    } catch (error) {
      this.#streams--;
      throw error;
    }
    return new HashStream(this.#pool, place, () => void this.#streams--);
  }

  /** Ends the threads; open folds and hashes are lost. */
  async close(): Promise<void> {
    await this.#pool.close();
  }
}
