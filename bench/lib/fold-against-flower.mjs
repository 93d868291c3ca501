// @ts-check
/**
 * A hundred updates of 1.66 M parameters (the CNN of McMahan et al. 2017) into the next model. Ours come from files in the
 * page cache, through the coordinator's workers, to a model that is stored durably; Flower's lie in memory as NumPy arrays
 * and its mean stays there. Wall seconds, the better of two passes on both sides.
 */
import { WorkerFolderFactory } from '@tallystick/compute';
import { NO_PEER } from './flower.mjs';
import { inScratch } from './scratch.mjs';
import { storedUpdates } from './stored-updates.mjs';

export const HUNDRED_UPDATES = { d: 1_663_370, nodes: 100 };
const PASSES = 2;
/** One worker: Flower's mean uses one core too. */
const WORKERS = 1;
const PEER_MS = 300_000;

/** @returns {Promise<number[]>} seconds of each pass */
function ours() {
  const { d, nodes } = HUNDRED_UPDATES;
  return inScratch(async (folder) => {
    const { blobs, contributions, spec } = await storedUpdates(folder, { d, count: nodes });
    const folds = new WorkerFolderFactory({ blobs, workers: WORKERS });
    const seconds = [];
    for (let pass = 0; pass < PASSES; pass++) {
      const fold = await folds.open(spec);
      const startMs = performance.now();
      // As a round does with what arrives together.
      await Promise.all(contributions.map((contribution) => fold.add(contribution)));
      const result = await fold.finish();
      seconds.push((performance.now() - startMs) / 1e3);
      if (!result.ok) throw new Error(result.code);
      await fold.close();
    }
    await folds.close();
    return seconds;
  });
}

/** How many times Flower's rate ours is. @param {import('./figure.mjs').Bench} bench */
export async function foldAgainstFlower({ python }) {
  if (python === undefined) return NO_PEER;
  const { d, nodes } = HUNDRED_UPDATES;
  const args = ['--nodes', nodes, '--params', d, '--passes', PASSES].map(String);
  const mine = await ours();
  const peer = await python.run('flower_mean.py', args, PEER_MS);
  const text = (/** @type {readonly number[]} */ all) => all.map((s) => s.toFixed(3)).join(' and ');
  const { flwr, numpy } = peer.versions;
  const note = `ours ${text(mine)} s with the model stored; flwr ${flwr}, numpy ${numpy}, ${args.join(' ')}: ${text(peer.seconds)} s`;
  return { value: Math.min(...peer.seconds) / Math.min(...mine), note };
}
