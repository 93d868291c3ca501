import { decodeModel, inspectUpdate } from '@tallystick/aggregation';
import { type Hash, ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { blobPath } from '../bundle/layout.js';
import { demandEqual, Mismatch } from '../findings.js';
import type { History } from '../history.js';

/** V6: every counted update is there, hashes to its leaf, is canonical and of the model's shape. */
export async function checkUpdates(history: History): Promise<number> {
  const { manifest } = decodeModel(sha256, history.genesisModel.bytes);
  const needed = new Set<Hash>();
  let updates = 0;
  for (const { round, leaves, receipts } of history.rounds) {
    for (const [index, leaf] of leaves.entries()) {
      const record = `update of node ${leaf.node} (${blobPath(leaf.update)})`;
      const bytes = await history.blob(leaf.update);
      needed.add(leaf.update);
      const files = { round, record, by: 'holder of the files' } as const;
      if (bytes === undefined)
        throw new Mismatch({ ...files, expected: 'the file', found: 'none' });
      demandEqual(leaf.update, sha256(bytes), files);
      const inspection = inspectUpdate(bytes, manifest);
      const node = { round, record, by: 'coordinator' } as const;
      if (!inspection.ok) {
        throw new Mismatch({ ...node, expected: 'a canonical update', found: inspection.reason });
      }
      demandEqual(receipts[index]?.value.updateBytes ?? 0n, BigInt(bytes.length), node);
      updates++;
    }
  }
  await checkOthers(history, needed);
  return updates;
}

/** Models and states of the run are there, nothing else is, and each hashes to its name. */
async function checkOthers(history: History, updates: ReadonlySet<Hash>): Promise<void> {
  const known = new Map<Hash, number | undefined>([[history.genesisModel.id, undefined]]);
  for (const { round, header } of history.rounds) {
    known.set(header.value.modelAfter, round);
    if (header.value.stateAfter !== ZERO_HASH) known.set(header.value.stateAfter, round);
  }
  for (const [id, round] of known) {
    const bytes = await history.blob(id);
    const where = round === undefined ? {} : { round };
    const found = bytes === undefined ? 'no such file' : sha256(bytes);
    demandEqual(id, found, { ...where, record: blobPath(id), by: 'holder of the files' });
  }
  const extra = history.blobIds.find((id) => !updates.has(id) && !known.has(id));
  if (extra === undefined) return;
  throw new Mismatch({
    record: blobPath(extra),
    expected: 'only blobs that this run names',
    found: 'another one',
    by: 'holder of the files',
  });
}
