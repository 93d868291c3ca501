import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { type Hash, type RunId, type Sha256, TallyError } from '@tallystick/kernel';
import { fsyncFolder, hasErrno } from '@tallystick/kernel/node';
import {
  decodeSigningRecord,
  encodeSigningRecord,
  RECORD_BYTES,
  type SignedKind,
  type SigningRecord,
} from './signing-record.js';

/** Signatures whose place in the file is remembered, about 10 MB; older ones are looked for in the file. */
const MAX_PLACES = 65_536;
/** Runs whose newest round is remembered, about 10 MB; another one is looked for in the file once. */
const MAX_RUNS = 65_536;
/** Rounds around one that was looked for are remembered with it: readers of old evidence go through a run in order. */
const NEAR_ROUNDS = 1_024;
/** Read at a time; a multiple of a record. */
const READ_BYTES = 8_192 * RECORD_BYTES;

/** A regular file takes less than it was given when the space ends there (write(2)). */
class ShortWrite extends Error {}

export interface SigningLogOptions {
  readonly path: string;
  /** Tests put a full disk in its place. */
  readonly write?: typeof writeSync;
}

/**
 * Everything the coordinator key has signed about rounds, outside the database: append-only, one writer (the lock of the
 * data folder), synced before the signature exists. A database that is restored from a backup cannot make this process
 * forget. It does not know what another machine signed with the same key (ADR 0023).
 */
export class SigningLog {
  readonly #path: string;
  readonly #file: number;
  readonly #sha256: Sha256;
  /** Number of the record, by kind, chain, run and round; the oldest entries are dropped. */
  readonly #places = new Map<string, number>();
  /** Newest round that was signed, by kind, chain and run. */
  readonly #newest = new Map<string, number>();
  #records = 0;
  /** Runs may have been forgotten: then an unknown one has to be looked for. */
  #isFull = false;
  #broken: unknown;

  readonly #write: typeof writeSync;

  private constructor(
    { path, write = writeSync }: SigningLogOptions,
    file: number,
    sha256: Sha256,
  ) {
    this.#path = path;
    this.#file = file;
    this.#sha256 = sha256;
    this.#write = write;
  }

  /** Creates the file when there is none. A torn last record is cut off; rejects with STORE_SIGNING_LOG for any other damage. */
  static async open(options: SigningLogOptions, sha256: Sha256): Promise<SigningLog> {
    const { path } = options;
    const file = openSync(path, 'a+', 0o600);
    try {
      const log = new SigningLog(options, file, sha256);
      log.#recall();
      fdatasyncSync(file);
      await fsyncFolder(dirname(path));
      return log;
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  /**
   * The right to sign `record`: given for what was signed before and for what was never signed; durable when it
   * returns. Throws ROUND_SIGNED_BEFORE when something else of that kind and round was signed.
   */
  claim(record: SigningRecord): void {
    if (this.assertFree(record)) return;
    this.#append(record);
    this.#remember(record, this.#records++);
  }

  /** The newest round of that kind and run that was signed; undefined when none is remembered. */
  newest(kind: SignedKind, chain: Hash, run: RunId): number | undefined {
    return this.#newest.get(runOf({ kind, chain, run }));
  }

  /** Throws what `claim` would throw, and writes nothing. True when this very record is here already. */
  assertFree(record: SigningRecord): boolean {
    if (this.#broken !== undefined) throw this.#failed('it could not be written', this.#broken);
    const signed = this.#find(record);
    if (signed === undefined || signed === record.hash) return signed !== undefined;
    const { kind, run, round, hash: asked } = record;
    throw new TallyError('ROUND_SIGNED_BEFORE', { kind, run, round, signed, asked });
  }

  close(): void {
    closeSync(this.#file);
  }

  #find(record: SigningRecord): Hash | undefined {
    const place = this.#places.get(placeOf(record));
    if (place !== undefined) return this.#read(place).hash;
    const newest = this.#newest.get(runOf(record));
    const isNew = newest === undefined ? !this.#isFull : record.round > newest;
    return isNew ? undefined : this.#search(record);
  }

  #read(place: number): SigningRecord {
    const bytes = new Uint8Array(RECORD_BYTES);
    readSync(this.#file, bytes, 0, RECORD_BYTES, place * RECORD_BYTES);
    return decodeSigningRecord(this.#sha256, bytes) ?? this.#damaged(place);
  }

  /** Reads the whole file; rare, and 80 MB of it take a tenth of a second. */
  #search(wanted: SigningRecord): Hash | undefined {
    let found: Hash | undefined;
    this.#scan((record, place) => {
      if (runOf(record) !== runOf(wanted)) return;
      if (record.round === wanted.round) found = record.hash;
      if (Math.abs(record.round - wanted.round) <= NEAR_ROUNDS) this.#remember(record, place);
    });
    return found;
  }

  #recall(): void {
    const { size } = fstatSync(this.#file);
    this.#records = Math.floor(size / RECORD_BYTES);
    this.#scan((record, place) => this.#remember(record, place));
    if (size !== this.#records * RECORD_BYTES) {
      ftruncateSync(this.#file, this.#records * RECORD_BYTES);
    }
  }

  /** All records in order. A last one that is not whole was never signed: it is cut off. */
  #scan(take: (record: SigningRecord, place: number) => void): void {
    const bytes = new Uint8Array(READ_BYTES);
    for (let from = 0; from < this.#records * RECORD_BYTES; from += READ_BYTES) {
      const length = Math.min(READ_BYTES, this.#records * RECORD_BYTES - from);
      readSync(this.#file, bytes, 0, length, from);
      for (let at = 0; at < length; at += RECORD_BYTES) {
        const place = (from + at) / RECORD_BYTES;
        const record = decodeSigningRecord(this.#sha256, bytes.subarray(at, at + RECORD_BYTES));
        if (record !== undefined) take(record, place);
        else if (place === this.#records - 1) this.#records = place;
        else this.#damaged(place);
      }
    }
  }

  #remember(record: SigningRecord, place: number): void {
    keep(this.#places, placeOf(record), place, MAX_PLACES);
    const run = runOf(record);
    const newest = Math.max(record.round, this.#newest.get(run) ?? 0);
    this.#isFull = keep(this.#newest, run, newest, MAX_RUNS) || this.#isFull;
  }

  /** Throws STORE_DISK_FULL while there is no space; after any other failure nothing may be signed. */
  #append(record: SigningRecord): void {
    try {
      const bytes = encodeSigningRecord(this.#sha256, record);
      const written = this.#write(this.#file, bytes);
      if (written !== bytes.length) throw new ShortWrite(`${written} of ${bytes.length} bytes`);
      fdatasyncSync(this.#file);
    } catch (error) {
      if (this.#cutOff(error)) throw new TallyError('STORE_DISK_FULL', { path: this.#path }, error);
      this.#broken = error;
      throw this.#failed('it could not be written', error);
    }
  }

  /**
   * A full disk passes: what it took of the record was never signed and is cut off. After any other failure, of a sync
   * above all, nobody knows what the file holds.
   */
  #cutOff(error: unknown): boolean {
    const isFull = error instanceof ShortWrite || hasErrno(error, 'ENOSPC');
    if (!isFull && !hasErrno(error, 'EDQUOT')) return false;
    try {
      ftruncateSync(this.#file, this.#records * RECORD_BYTES);
      return true;
    } catch {
      return false;
    }
  }

  #damaged(place: number): never {
    throw this.#failed(`record ${place} is damaged`);
  }

  #failed(what: string, cause?: unknown): TallyError {
    const why = cause instanceof Error ? `${what}: ${cause.message}` : what;
    return new TallyError('STORE_SIGNING_LOG', { path: this.#path, reason: why }, cause);
  }
}

function runOf({ kind, chain, run }: Pick<SigningRecord, 'kind' | 'chain' | 'run'>): string {
  return `${kind}/${chain}/${run}`;
}

function placeOf(record: SigningRecord): string {
  return `${runOf(record)}/${record.round}`;
}

/** Makes an entry the newest one; true when the oldest had to go for it. */
function keep<K, V>(map: Map<K, V>, key: K, value: V, limit: number): boolean {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next();
  if (map.size <= limit || oldest.done === true) return false;
  map.delete(oldest.value);
  return true;
}
