import type { Sha256 } from '@tallystick/kernel';
import type { BlobStore, FolderFactory, FoldSpec } from '@tallystick/rounds';
import { Fold } from './fold.js';
import { InProcessEngine } from './in-process-engine.js';
import { loadStart } from './load-start.js';

/** What in-process folds need. */
export interface InProcessOptions {
  readonly blobs: BlobStore;
  readonly sha256: Sha256;
  /** Positions staged at once; never changes a result. */
  readonly chunkPositions?: number;
}

/** Folds on the calling thread, over any BlobStore: simulations, audits, tests. Same kernels as the workers. */
export class InProcessFolderFactory implements FolderFactory {
  readonly #options: InProcessOptions;

  constructor(options: InProcessOptions) {
    this.#options = options;
  }

  /** Rejects with STORE_BLOB_MISSING, STORE_BLOB_DAMAGED or MODEL_MALFORMED. */
  async open(spec: FoldSpec): Promise<Fold> {
    const { blobs, chunkPositions } = this.#options;
    const start = await loadStart(this.#options, spec, (bytes) => new ArrayBuffer(bytes));
    return new Fold(spec, new InProcessEngine(spec, { blobs, start, chunkPositions }));
  }
}
