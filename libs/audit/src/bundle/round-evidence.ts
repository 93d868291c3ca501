import { concatBytes, fromHex, toHex } from '@tallystick/kernel';
import {
  CONTRIB,
  type Contrib,
  DECLINE,
  type Decline,
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
import { demand, Mismatch } from '../findings.js';
import { recordBytes, type RecordFileName, type RoundFile, roundPath } from './layout.js';
import { decodeUtf8 } from './strict-json.js';

/** Everything a round left behind, decoded. Nothing is verified yet. */
export interface RoundEvidence {
  readonly round: number;
  readonly task: Signed<Task>;
  readonly cohort: readonly Member[];
  readonly header: Signed<Header>;
  /** Ascending by node, and so are the lists that follow. */
  readonly leaves: readonly Contrib[];
  readonly excluded: readonly Exclude[];
  /** One for each leaf. */
  readonly receipts: readonly Signed<Receipt>[];
  readonly declines: readonly Signed<Decline>[];
  readonly promises: readonly Signed<PromiseRecord>[];
  /** Canonical JSON behind header.metrics. */
  readonly metrics: string;
}

/** Reads one file of a bundle; undefined when it is not there. */
export type ReadFile = (path: string) => Promise<Uint8Array | undefined>;

/** Decodes the files of `round`. Throws Mismatch for a file that is missing or does not hold whole records. */
export async function readRound(read: ReadFile, round: number): Promise<RoundEvidence> {
  const files = new RoundFiles(read, round);
  return {
    round,
    task: await files.one('task.bin', TASK),
    cohort: await files.records('cohort.bin', MEMBER),
    header: await files.one('header.bin', HEADER),
    leaves: await files.records('leaves.bin', CONTRIB),
    excluded: await files.records('excluded.bin', EXCLUDE),
    receipts: await files.signed('receipts.bin', RECEIPT),
    declines: await files.signed('declines.bin', DECLINE),
    promises: await files.signed('promises.bin', PROMISE),
    metrics: await files.text('metrics.json'),
  };
}

class RoundFiles {
  readonly #read: ReadFile;
  readonly #round: number;

  constructor(read: ReadFile, round: number) {
    this.#read = read;
    this.#round = round;
  }

  async records<T>(file: RecordFileName, codec: RecordCodec<T>): Promise<T[]> {
    const items = await this.#items(file);
    return items.map((bytes) => codec.decode(bytes));
  }

  async signed<T>(file: RecordFileName, codec: RecordCodec<T>): Promise<Signed<T>[]> {
    const items = await this.#items(file);
    return items.map((bytes) => decodeSigned(codec, toHex(bytes)));
  }

  async one<T>(file: RecordFileName, codec: RecordCodec<T>): Promise<Signed<T>> {
    const [only, ...rest] = await this.signed(file, codec);
    if (only === undefined || rest.length > 0) {
      throw this.#bad(file, only === undefined ? 'no record' : `${rest.length + 1} records`);
    }
    return only;
  }

  async text(file: RoundFile): Promise<string> {
    const bytes = await this.#bytes(file);
    try {
      return decodeUtf8(bytes);
    } catch (error) {
      throw this.#bad(file, error instanceof Error ? error.message : String(error));
    }
  }

  async #items(file: RecordFileName): Promise<Uint8Array[]> {
    const bytes = await this.#bytes(file);
    const size = recordBytes(file);
    if (bytes.length % size !== 0) throw this.#bad(file, `${bytes.length} bytes`);
    const count = bytes.length / size;
    return Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
  }

  async #bytes(file: RoundFile): Promise<Uint8Array> {
    const bytes = await this.#read(roundPath(this.#round, file));
    demand(bytes !== undefined, this.#place(file), 'the file', 'none');
    return bytes;
  }

  #bad(file: RoundFile, found: string): Mismatch {
    return new Mismatch(this.#place(file), { expected: 'whole records', found });
  }

  #place(file: RoundFile): { round: number; record: string; by: 'holder of the files' } {
    const round = this.#round;
    return { round, record: roundPath(round, file), by: 'holder of the files' };
  }
}

function signedBytes<T>(codec: RecordCodec<T>, { value, signature }: Signed<T>): Uint8Array {
  return concatBytes(codec.encode(value), fromHex(signature));
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
