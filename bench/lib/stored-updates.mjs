// @ts-check
import { DENSE_I32, encodeModel } from '@tallystick/aggregation';
import { FsBlobStore } from '@tallystick/blobs';
import { ZERO_HASH } from '@tallystick/kernel';
import { flatManifest, NoiseUpdates } from './noise.mjs';

/**
 * A blob store that holds a model of zeros and `count` updates of it, as after a round's last byte: every file was just
 * written, so it is in the page cache.
 * @param {string} folder @param {{ readonly d: number, readonly count: number }} size
 */
export async function storedUpdates(folder, { d, count }) {
  const blobs = new FsBlobStore({ folder });
  const manifest = flatManifest(d);
  const model = await blobs.put(encodeModel(manifest, new Float32Array(d)));
  const updates = new NoiseUpdates(manifest);
  /** @type {import('@tallystick/rounds').Weighted[]} */
  const contributions = [];
  for (let i = 0; i < count; i++) {
    const file = updates.file(`${i}`);
    await blobs.put(file.slice(0, file.bytes));
    contributions.push({
      node: /** @type {import('@tallystick/kernel').NodeId} */ (i), // ids are numbers from 0
      update: file.update,
      weight: BigInt(10 + i),
      steps: 1,
    });
  }
  /** @type {import('@tallystick/rounds').FoldSpec} */
  const spec = {
    model,
    state: ZERO_HASH,
    form: DENSE_I32,
    strategy: { kind: 'fedAvg', serverLearningRate: 1 },
    cohort: count,
  };
  return { blobs, manifest, updates, contributions, spec };
}
