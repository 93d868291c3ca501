import { concatBytes, fromHex, toHex } from '@tallystick/kernel';
import {
  decodeRecords,
  decodeSigned,
  ENTITLE,
  type Entitle,
  EPOCH,
  type Epoch,
  type Scores,
  SCORES,
  type Signed,
} from '@tallystick/record';
import { demand, Mismatch } from '../findings.js';
import { type EpochFile, epochPath } from './layout.js';
import type { ReadFile } from './round-evidence.js';

/** A settled epoch as it was signed, and the leaves of its tree, ascending by account. */
export interface EpochEvidence {
  readonly record: Signed<Epoch>;
  readonly entitlements: readonly Entitle[];
  /** Of a run that pays by contribution. */
  readonly scores?: EpochScoresEvidence;
}

/** What the shares of an epoch follow from. */
export interface EpochScoresEvidence {
  readonly record: Signed<Scores>;
  /** The sheet as it lies there; nothing of it is read yet. */
  readonly sheet: Uint8Array;
}

/** Reads what shares follow from where a run pays by contribution (epoch-scores.ts). */
export type ReadScores = (read: ReadFile, epoch: number) => Promise<EpochScoresEvidence>;

/** Decodes the files of `epoch`. Throws Mismatch for a file that is missing or does not hold whole records. */
export async function readEpoch(
  read: ReadFile,
  epoch: number,
  readScores?: ReadScores,
): Promise<EpochEvidence> {
  const record = await decoded(read, { epoch, file: 'epoch.bin' }, (bytes) =>
    decodeSigned(EPOCH, toHex(bytes)),
  );
  const entitlements = await decoded(read, { epoch, file: 'entitlements.bin' }, (bytes) =>
    decodeRecords(ENTITLE, bytes),
  );
  if (readScores === undefined) return { record, entitlements };
  return { record, entitlements, scores: await readScores(read, epoch) };
}

/** The bytes of a file of `epoch`, decoded; throws Mismatch. */
export async function decoded<T>(
  read: ReadFile,
  { epoch, file }: { readonly epoch: number; readonly file: EpochFile },
  decode: (bytes: Uint8Array) => T,
): Promise<T> {
  const place = { record: epochPath(epoch, file), by: 'holder of the files' } as const;
  const bytes = await read(place.record);
  demand(bytes !== undefined, place, 'the file', 'none');
  try {
    return decode(bytes);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw new Mismatch(place, { expected: 'whole records', found });
  }
}

/** The files of an epoch as `readEpoch` reads them. */
export function epochFiles({
  record,
  entitlements,
  scores,
}: EpochEvidence): ReadonlyMap<EpochFile, Uint8Array> {
  const files = new Map<EpochFile, Uint8Array>([
    ['epoch.bin', concatBytes(EPOCH.encode(record.value), fromHex(record.signature))],
    ['entitlements.bin', concatBytes(...entitlements.map((leaf) => ENTITLE.encode(leaf)))],
  ]);
  if (scores === undefined) return files;
  const { value, signature } = scores.record;
  files.set('scores.bin', concatBytes(SCORES.encode(value), fromHex(signature)));
  return files.set('scores.json', scores.sheet);
}
