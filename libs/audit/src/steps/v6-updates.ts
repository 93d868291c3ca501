import {
  decodeModel,
  UpdateInspector,
  updateLayout,
  updateManifestOf,
} from '@tallystick/aggregation';
import { asHash, type Hash, ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/crypto';
import { strategyOf, updateFormOf } from '@tallystick/rounds';
import { payoutOf } from '@tallystick/protocol';
import { blobPath } from '../bundle/layout.js';
import { scoreBlobs } from '../bundle/read-sheet.js';
import { demand, demandEqual, type Place } from '../findings.js';
import type { History } from '../history.js';

/**
 * V6: every counted update is there, hashes to its leaf, is canonical and of the model's shape; and the bundle holds no
 * blob that the run does not name. Returns the number of updates.
 */
export async function checkUpdates(history: History): Promise<number> {
  const model = decodeModel(sha256, history.genesisModel.bytes).manifest;
  const { kind } = strategyOf(history.spec.strategy);
  const manifest = updateManifestOf(sha256, model, kind);
  const form = updateFormOf(history.spec);
  const bytes = BigInt(updateLayout(manifest, form).bytes);
  const inspector = UpdateInspector.of(manifest, form);
  let updates = 0;
  for (const { round, leaves, receipts } of history.rounds) {
    for (const [index, { node, update }] of leaves.entries()) {
      const record = `update of node ${node} (${blobPath(update)})`;
      const place = { round, record, by: 'coordinator' } as const;
      demandBlob(history, update, { ...place, by: 'holder of the files' });
      demandEqual(bytes, BigInt(history.blobs.facts(update)?.bytes ?? 0), place);
      demandEqual(receipts[index]?.value.updateBytes ?? bytes, bytes, place);
      const inspection = await history.blobs.withBytes(update, (blob) => inspector.inspect(blob));
      demand(inspection.ok, place, 'a canonical update', inspection.ok ? '' : inspection.reason);
      updates++;
    }
  }
  checkNoOthers(history);
  return updates;
}

/** Throws a Mismatch unless the bundle holds the blob with the bytes that its name says. */
export function demandBlob({ blobs }: History, id: Hash, place: Place): void {
  demandEqual(id, blobs.facts(id)?.sha256 ?? 'no such file', place);
}

function checkNoOthers({ blobs, genesisModel, rounds, epochs, spec }: History): void {
  const known = new Set<Hash>([genesisModel.id, ...epochs.flatMap(scoreBlobs)]);
  const { validation } = payoutOf(spec);
  if (validation !== undefined) known.add(asHash(validation.sha256));
  for (const { leaves, header } of rounds) {
    for (const { update } of leaves) known.add(update);
    known.add(header.value.modelAfter);
    if (header.value.stateAfter !== ZERO_HASH) known.add(header.value.stateAfter);
  }
  for (const id of blobs.names) {
    const place = { record: blobPath(id), by: 'holder of the files' } as const;
    demand(known.has(id), place, 'only blobs that the run names', 'another one');
  }
}
