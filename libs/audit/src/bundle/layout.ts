import { MAX_COHORT } from '@tallystick/protocol';
import { MAX_SHEET_CHARS } from '@tallystick/payout';
import {
  CONTRIB,
  DECLINE,
  ENTITLE,
  EPOCH,
  EXCLUDE,
  HEADER,
  MEMBER,
  PROMISE,
  RECEIPT,
  SCORES,
  TASK,
} from '@tallystick/record';

const MIB = 1024 * 1024;
const SIGNATURE_BYTES = 64;

export type RecordFileName =
  | 'task.bin'
  | 'cohort.bin'
  | 'header.bin'
  | 'leaves.bin'
  | 'excluded.bin'
  | 'receipts.bin'
  | 'declines.bin'
  | 'promises.bin';
export type RoundFile = RecordFileName | 'metrics.json';

/** A file of records: fixed size, one after the other, each followed by its signature if `signed`. */
interface RecordFile {
  readonly codec: { readonly size: number };
  readonly signed: boolean;
  /** Most records. */
  readonly max: number;
}
const RECORD_FILES: Readonly<Record<RecordFileName, RecordFile>> = {
  'task.bin': { codec: TASK, signed: true, max: 1 },
  'cohort.bin': { codec: MEMBER, signed: false, max: MAX_COHORT },
  'header.bin': { codec: HEADER, signed: true, max: 1 },
  'leaves.bin': { codec: CONTRIB, signed: false, max: MAX_COHORT },
  'excluded.bin': { codec: EXCLUDE, signed: false, max: MAX_COHORT },
  'receipts.bin': { codec: RECEIPT, signed: true, max: MAX_COHORT },
  'declines.bin': { codec: DECLINE, signed: true, max: MAX_COHORT },
  'promises.bin': { codec: PROMISE, signed: true, max: MAX_COHORT },
};

/** Files of one epoch; those of its scores under `contribution` alone. */
export type EpochFile = 'epoch.bin' | 'entitlements.bin' | 'scores.bin' | 'scores.json';
const EPOCH_FILES: readonly EpochFile[] = ['epoch.bin', 'entitlements.bin'];
const SCORE_FILES: readonly EpochFile[] = ['scores.bin', 'scores.json'];
/** Accounts of one epoch: payees are organisations, of which a round has fewer than nodes. */
const MAX_EPOCH_BYTES: Readonly<Record<EpochFile, number>> = {
  'epoch.bin': EPOCH.size + SIGNATURE_BYTES,
  'entitlements.bin': MAX_COHORT * ENTITLE.size,
  'scores.bin': SCORES.size + SIGNATURE_BYTES,
  'scores.json': MAX_SHEET_CHARS,
};

/** Files of one round. */
export const ROUND_FILES: readonly RoundFile[] = [
  'task.bin',
  'cohort.bin',
  'header.bin',
  'leaves.bin',
  'excluded.bin',
  'receipts.bin',
  'declines.bin',
  'promises.bin',
  'metrics.json',
];

/** Bytes of one record of the file, signature included. */
export function recordBytes(file: RecordFileName): number {
  const { codec, signed } = RECORD_FILES[file];
  return codec.size + (signed ? SIGNATURE_BYTES : 0);
}

/** Largest size of every other file, bytes. The chain spec holds the runtime's wasm as hex. */
const SINGLE_FILES: Readonly<Record<string, number>> = {
  'manifest.json': 64 * MIB,
  'chain/spec.json': 32 * MIB,
  'chain/blocks.bin': 1024 * MIB,
  'run/spec.json': MIB,
};
/** What one `readFile` can take; an optimizer state of 134 million parameters. */
const MAX_BLOB_BYTES = 2 ** 31 - 1;

/** A round's folder: its number in at least four digits, and never more zeros than that. */
const ROUND = /^rounds\/(?:\d{4}|[1-9]\d{4,9})\/([a-z]+\.(?:bin|json))$/;
const BLOB = /^blobs\/[0-9a-f]{64}$/;
const EPOCH_FOLDER = /^epochs\/(?:\d{4}|[1-9]\d{4,9})\/([a-z]+\.(?:bin|json))$/;
const FOLDER = /^(?:chain|run|blobs|(?:rounds|epochs)(?:\/(?:\d{4}|[1-9]\d{4,9}))?)$/;

/** Largest size of the file at `path`; undefined when a bundle must not hold it (protocol.md §9). */
export function limitOf(path: string): number | undefined {
  if (BLOB.test(path)) return MAX_BLOB_BYTES;
  const ofEpoch = EPOCH_FOLDER.exec(path)?.[1];
  if (ofEpoch !== undefined) return isEpochFile(ofEpoch) ? MAX_EPOCH_BYTES[ofEpoch] : undefined;
  const file = ROUND.exec(path)?.[1];
  if (file === undefined) return Object.hasOwn(SINGLE_FILES, path) ? SINGLE_FILES[path] : undefined;
  if (file === 'metrics.json') return MIB;
  return isRecordFile(file) ? RECORD_FILES[file].max * recordBytes(file) : undefined;
}

/** Files of an epoch of a run with this policy. */
export function epochFileNames(isByScore: boolean): readonly EpochFile[] {
  return isByScore ? [...EPOCH_FILES, ...SCORE_FILES] : EPOCH_FILES;
}

function isEpochFile(file: string): file is EpochFile {
  return Object.hasOwn(MAX_EPOCH_BYTES, file);
}

function isRecordFile(file: string): file is RecordFileName {
  return Object.hasOwn(RECORD_FILES, file);
}

/** True for the folders a bundle has. */
export function isFolder(path: string): boolean {
  return FOLDER.test(path);
}

/** `rounds/0007/header.bin`. */
export function roundPath(round: number, file: RoundFile): string {
  return `rounds/${String(round).padStart(4, '0')}/${file}`;
}

/** `epochs/0007/epoch.bin`. */
export function epochPath(epoch: number, file: EpochFile): string {
  return `epochs/${String(epoch).padStart(4, '0')}/${file}`;
}

/** `blobs/<sha256>`. */
export function blobPath(sha256: string): string {
  return `blobs/${sha256}`;
}
