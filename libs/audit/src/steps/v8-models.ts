import { InProcessFolderFactory } from '@tallystick/compute';
import { ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/crypto';
import { type FolderFactory, foldSpecOf, weightedOf } from '@tallystick/rounds';
import { blobPath } from '../bundle/layout.js';
import type { RoundEvidence } from '../bundle/round-evidence.js';
import { demand, demandEqual, type Place } from '../findings.js';
import type { History } from '../history.js';
import { BundleBlobs } from './bundle-blobs.js';
import { demandBlob } from './v6-updates.js';

/**
 * V8: every aggregate and server step repeated from the genesis model; model and state must agree bit for bit, and the
 * bundle must hold their files. Returns the number of models.
 */
export async function checkModels(history: History): Promise<number> {
  const { genesisModel } = history;
  const folders = new InProcessFolderFactory({ blobs: new BundleBlobs(history.blobs), sha256 });
  demandBlob(history, genesisModel.id, {
    record: `genesis model (${blobPath(genesisModel.id)})`,
    by: 'holder of the files',
  });
  let models = 0;
  for (const evidence of history.rounds) {
    if (evidence.leaves.length === 0) checkUnchanged(evidence);
    else {
      checkFiles(history, evidence);
      await checkStep(history, evidence, folders);
      models++;
    }
  }
  return models;
}

function checkUnchanged({
  round,
  task: { value: task },
  header: { value: header },
}: RoundEvidence): void {
  const place = { round, by: 'coordinator' } as const;
  demandEqual(task.model, header.modelAfter, { ...place, record: 'model of an empty round' });
  demandEqual(task.state, header.stateAfter, { ...place, record: 'state of an empty round' });
}

function checkFiles(history: History, { round, header }: RoundEvidence): void {
  const { modelAfter, stateAfter } = header.value;
  const place = { round, by: 'holder of the files' } as const;
  demandBlob(history, modelAfter, { ...place, record: `model (${blobPath(modelAfter)})` });
  if (stateAfter === ZERO_HASH) return;
  demandBlob(history, stateAfter, { ...place, record: `state (${blobPath(stateAfter)})` });
}

async function checkStep(
  { spec }: History,
  { round, task, leaves, header }: RoundEvidence,
  folders: FolderFactory,
): Promise<void> {
  const place: Place = { round, record: 'model after the round', by: 'coordinator' };
  const folder = await folders.open(foldSpecOf(spec, task.value));
  try {
    await folder.rebuild(leaves.map((leaf) => weightedOf(spec, leaf)));
    const result = await folder.finish();
    demand(result.ok, place, 'a finite model', 'a value that is not finite');
    demandEqual(result.model, header.value.modelAfter, place);
    const statePlace = { ...place, record: 'state after the round' };
    demandEqual(result.state, header.value.stateAfter, statePlace);
  } finally {
    await folder.close();
  }
}
