import { stat } from 'node:fs/promises';
import { TallyError } from '@tallystick/kernel';
import type { DataSpec } from '@tallystick/protocol';
import type { Dataset } from './data/dataset.js';
import { loadDataset } from './data/load-dataset.js';

/** Bounds of what stays in memory between requests. The newest entry is kept even when it alone is larger. */
const MAX_ENTRIES = 16;
const MAX_BYTES = 2 ** 29;

interface Entry {
  readonly stamp: string;
  readonly dataset: Dataset;
  readonly bytes: number;
}

/**
 * Prepared datasets by path and spec, so that a round does not parse its file again. A file that changed on disk
 * (inode, size, times in nanoseconds) is read again; the least recently used entries go first.
 */
export class DatasetCache {
  readonly #entries = new Map<string, Entry>();

  async get(path: string, data: DataSpec, signal?: AbortSignal): Promise<Dataset> {
    const key = JSON.stringify([path, data]);
    const stamp = await stampOf(path);
    const held = this.#entries.get(key);
    this.#entries.delete(key);
    if (held?.stamp === stamp) {
      this.#entries.set(key, held);
      return held.dataset;
    }
    const dataset = await loadDataset(path, data, signal);
    // A file that was written while it was read is not kept: the next round reads it whole.
    if ((await stampOf(path)) === stamp)
      this.#keep(key, { stamp, dataset, bytes: sizeOf(dataset) });
    return dataset;
  }

  clear(): void {
    this.#entries.clear();
  }

  #keep(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    let bytes = [...this.#entries.values()].reduce((sum, e) => sum + e.bytes, 0);
    for (const [oldest, { bytes: freed }] of this.#entries) {
      if (oldest === key || (this.#entries.size <= MAX_ENTRIES && bytes <= MAX_BYTES)) return;
      this.#entries.delete(oldest);
      bytes -= freed;
    }
  }
}

async function stampOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('DATA_FILE_UNREADABLE', { file: path, reason }, error);
  }
}

function sizeOf({ train, test }: Dataset): number {
  return train.x.byteLength + train.y.byteLength + test.x.byteLength + test.y.byteLength;
}
