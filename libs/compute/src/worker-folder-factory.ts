import { CHUNK_POSITIONS } from '@tallystick/aggregation';
import type { FsBlobStore } from '@tallystick/blobs';
import type { FolderFactory, FoldSpec } from '@tallystick/rounds';
import { Fold } from './fold.js';
import { spoolMemory, type SpoolShape, WorkerSpooler } from './spool/worker-spooler.js';
import { WorkerEngine } from './worker-engine.js';
import { WorkerPool } from './worker-pool.js';

/** What worker folds need. */
export interface WorkerFolderOptions {
  readonly blobs: FsBlobStore;
  /** Threads, 1 to 64. They start with the first task and stay warm between rounds. */
  readonly workers: number;
  /** Positions a worker stages at once; never changes a result. */
  readonly chunkPositions?: number;
  /** Uploads taken in at once; none unless given. */
  readonly spool?: SpoolShape;
}

const NO_SPOOL: SpoolShape = { files: 0, chunkBytes: 0, slots: 0, slotBytes: 0 };

/** Folds and hashes files in worker threads over shared memory, so that the thread with the sockets stays free. */
export class WorkerFolderFactory implements FolderFactory {
  /** Takes uploads in, in the same threads. */
  readonly spooler: WorkerSpooler;
  readonly #blobs: FsBlobStore;
  readonly #chunkPositions: number;
  readonly #pool: WorkerPool;
  #nextFold = 0;

  constructor(options: WorkerFolderOptions) {
    this.#blobs = options.blobs;
    this.#chunkPositions = options.chunkPositions ?? CHUNK_POSITIONS;
    const { workers, blobs, spool: shape = NO_SPOOL } = options;
    const memory = spoolMemory(shape);
    this.#pool = new WorkerPool({ workers, data: { memory } });
    this.spooler = new WorkerSpooler({ shape, memory, pool: this.#pool, folder: blobs.folder });
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

  /** Ends the threads; open folds are lost, spooled files keep their whole chunks. */
  async close(): Promise<void> {
    await this.#pool.close();
  }
}
