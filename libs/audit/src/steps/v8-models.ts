import { MemoryBlobStore } from '@tallystick/blobs';
import { InProcessFolderFactory } from '@tallystick/compute';
import type { Hash } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { strategyOf } from '@tallystick/rounds';
import { demandEqual, Mismatch } from '../findings.js';
import type { History } from '../history.js';

/** V8: every aggregate and server step repeated from the genesis model; model and state must agree bit for bit. */
export async function checkModels(history: History): Promise<number> {
  const blobs = new HistoryBlobs(history);
  const folders = new InProcessFolderFactory({ blobs, sha256 });
  const strategy = strategyOf(history.spec.strategy);
  await blobs.put(history.genesisModel.bytes);
  let models = 0;
  for (const { round, task, leaves, header } of history.rounds) {
    const { modelAfter, stateAfter } = header.value;
    const where = { round, by: 'coordinator' } as const;
    if (leaves.length === 0) {
      demandEqual(task.value.model, modelAfter, { ...where, record: 'model of an empty round' });
      demandEqual(task.value.state, stateAfter, { ...where, record: 'state of an empty round' });
      continue;
    }
    const { model, state } = task.value;
    const folder = await folders.open({ model, state, strategy });
    try {
      await folder.rebuild(leaves);
      const result = await folder.finish();
      if (!result.ok) {
        const found = 'a value that is not finite';
        throw new Mismatch({ ...where, record: 'modelAfter', expected: 'a finite model', found });
      }
      demandEqual(result.model, modelAfter, { ...where, record: 'modelAfter' });
      demandEqual(result.state, stateAfter, { ...where, record: 'stateAfter' });
    } finally {
      await folder.close();
    }
    models++;
  }
  return models;
}

/** Recomputed models live in memory; updates come from the bundle. At most a model, a state and one update at a time. */
class HistoryBlobs extends MemoryBlobStore {
  readonly #history: History;

  constructor(history: History) {
    super();
    this.#history = history;
  }

  override async get(id: Hash): Promise<Uint8Array> {
    if (await this.has(id)) return super.get(id);
    const bytes = await this.#history.blob(id);
    if (bytes !== undefined) return bytes;
    return super.get(id);
  }
}
