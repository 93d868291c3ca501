import type { Hash, NodeId } from '@tallystick/kernel';
import { decodeSheet, type ScoreSheet } from '@tallystick/payout';
import type { EpochEvidence } from './epoch-evidence.js';
import { decodeUtf8 } from './strict-json.js';

/** The sheet in these bytes; undefined for any that `encodeSheet` would not have written. */
export function readSheet(bytes: Uint8Array): ScoreSheet | undefined {
  try {
    return decodeSheet(decodeUtf8(bytes));
  } catch {
    return undefined;
  }
}

/** Ids of the gradient files that an epoch's sheet names; none when it cannot be read. */
export function scoreBlobs({ scores }: Pick<EpochEvidence, 'scores'>): readonly Hash[] {
  const rounds = scores === undefined ? [] : (readSheet(scores.sheet)?.rounds ?? []);
  return rounds.flatMap(({ novel, audit }) =>
    audit === undefined ? [novel] : [novel, audit.path],
  );
}

/** The score of each node by the sheet of an epoch; undefined where there is no sheet that can be read. */
export function scoresIn(
  epochs: readonly Pick<EpochEvidence, 'scores'>[],
  epoch: number,
): ReadonlyMap<NodeId, bigint> | undefined {
  const scores = epochs[epoch]?.scores;
  const sheet = scores && readSheet(scores.sheet);
  return sheet && new Map(sheet.scores.map(({ node, score }) => [node, score]));
}
