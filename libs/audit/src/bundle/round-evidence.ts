import { concatBytes, fromHex, type Signature } from '@tallystick/kernel';
import {
  CONTRIB,
  type Contrib,
  type Decline,
  DECLINE,
  decodeSigned,
  EXCLUDE,
  type Exclude,
  type Header,
  HEADER,
  MEMBER,
  type Member,
  type Promise as PromiseRecord,
  PROMISE,
  type Receipt,
  RECEIPT,
  type RecordCodec,
  type Signed,
  type Task,
  TASK,
} from '@tallystick/record';
import { toHex } from '@tallystick/kernel';
import { Mismatch } from '../findings.js';
import { type RoundFile, ROUND_FILES, roundPath } from './layout.js';

const SIGNATURE_BYTES = 64;

/** Everything a round left behind, decoded. Nothing is verified yet. */
export interface RoundEvidence {
  readonly round: number;
  readonly task: Signed<Task>;
  readonly cohort: readonly Member[];
  readonly header: Signed<Header>;
  readonly leaves: readonly Contrib[];
  readonly excluded: readonly Exclude[];
  readonly receipts: readonly Signed<Receipt>[];
  readonly declines: readonly Signed<Decline>[];
  readonly promises: readonly Signed<PromiseRecord>[];
  /** Canonical JSON behind header.metrics. */
  readonly metrics: string;
}

/** Reads one file of a bundle; undefined when it is not there. */
export type ReadFile = (path: string) => Promise<Uint8Array | undefined>;

function bad(round: number, file: RoundFile, found: string): Mismatch {
  const record = roundPath(round, file);
  return new Mismatch({
    round,
    record,
    expected: 'a whole record',
    found,
    by: 'holder of the files',
  });
}

function split(bytes: Uint8Array, size: number): Uint8Array[] | undefined {
  if (bytes.length % size !== 0) return undefined;
  return Array.from({ length: bytes.length / size }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
}

/** Reader of the files of one round. A file that cannot be read as records is a Mismatch. */
class RoundFiles {
  readonly #round: number;
  readonly #files: ReadonlyMap<RoundFile, Uint8Array>;

  constructor(round: number, files: ReadonlyMap<RoundFile, Uint8Array>) {
    this.#round = round;
    this.#files = files;
  }

  bytes(file: RoundFile): Uint8Array {
    const bytes = this.#files.get(file);
    if (bytes === undefined) throw bad(this.#round, file, 'no such file');
    return bytes;
  }

  records<T>(file: RoundFile, codec: RecordCodec<T>): T[] {
    return this.#items(file, codec.size).map((bytes) => codec.decode(bytes));
  }

  signed<T>(file: RoundFile, codec: RecordCodec<T>): Signed<T>[] {
    return this.#items(file, codec.size + SIGNATURE_BYTES).map((bytes) =>
      decodeSigned(codec, toHex(bytes)),
    );
  }

  one<T>(file: RoundFile, codec: RecordCodec<T>): Signed<T> {
    const [only, ...rest] = this.signed(file, codec);
    if (only === undefined || rest.length > 0)
      throw bad(this.#round, file, 'not exactly one record');
    return only;
  }

  #items(file: RoundFile, size: number): Uint8Array[] {
    const bytes = this.bytes(file);
    const items = split(bytes, size);
    if (items === undefined) {
      throw bad(this.#round, file, `${bytes.length} bytes, not a multiple of ${size}`);
    }
    return items;
  }
}

/** Decodes the files of `round`. Throws Mismatch for a missing or torn file. */
export async function readRound(read: ReadFile, round: number): Promise<RoundEvidence> {
  const map = new Map<RoundFile, Uint8Array>();
  for (const file of ROUND_FILES) {
    const bytes = await read(roundPath(round, file));
    if (bytes !== undefined) map.set(file, bytes);
  }
  const files = new RoundFiles(round, map);
  return {
    round,
    task: files.one('task.bin', TASK),
    cohort: files.records('cohort.bin', MEMBER),
    header: files.one('header.bin', HEADER),
    leaves: files.records('leaves.bin', CONTRIB),
    excluded: files.records('excluded.bin', EXCLUDE),
    receipts: files.signed('receipts.bin', RECEIPT),
    declines: files.signed('declines.bin', DECLINE),
    promises: files.signed('promises.bin', PROMISE),
    metrics: new TextDecoder().decode(files.bytes('metrics.json')),
  };
}

function signedBytes<T>(
  codec: RecordCodec<T>,
  signed: { value: T; signature: Signature },
): Uint8Array {
  return concatBytes(codec.encode(signed.value), fromHex(signed.signature));
}

/** The files of a round as `readRound` reads them. */
export function roundFiles(evidence: RoundEvidence): ReadonlyMap<RoundFile, Uint8Array> {
  const all = <T>(codec: RecordCodec<T>, values: readonly T[]): Uint8Array =>
    concatBytes(...values.map((value) => codec.encode(value)));
  const allSigned = <T>(codec: RecordCodec<T>, values: readonly Signed<T>[]): Uint8Array =>
    concatBytes(...values.map((value) => signedBytes(codec, value)));
  return new Map<RoundFile, Uint8Array>([
    ['task.bin', signedBytes(TASK, evidence.task)],
    ['cohort.bin', all(MEMBER, evidence.cohort)],
    ['header.bin', signedBytes(HEADER, evidence.header)],
    ['leaves.bin', all(CONTRIB, evidence.leaves)],
    ['excluded.bin', all(EXCLUDE, evidence.excluded)],
    ['receipts.bin', allSigned(RECEIPT, evidence.receipts)],
    ['declines.bin', allSigned(DECLINE, evidence.declines)],
    ['promises.bin', allSigned(PROMISE, evidence.promises)],
    ['metrics.json', new TextEncoder().encode(evidence.metrics)],
  ]);
}
