import { createHash } from 'node:crypto';
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { concatBytes, equalBytes, type Hash, TallyError, utf8 } from '@tallystick/kernel';
import { hashBytes, hashOf } from './hex.js';
import { type LogRecord, decodeLogRecord, encodeLogRecord } from './log-record.js';
import { littleEndian, ScaleReader } from './scale.js';

const MAGIC = utf8('TLYBLOG1');
const FILE_HEADER_BYTES = MAGIC.length + 32;
/** length u32 ‖ the same inverted ‖ SHA-256 of the payload. */
const RECORD_HEADER_BYTES = 8 + 32;
/** A block holds at most 5 MiB; what it writes may be a few times that. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;

interface Place {
  readonly offset: number;
  readonly length: number;
}

/** What stands at a place of the file: a whole record, the remains of a write that never ended, or neither. */
type Found = Place | 'torn' | 'damaged';

/**
 * All blocks from 1 on in one append-only file, each with what it wrote to the state. A record is on disk (fdatasync)
 * before `append` returns, so a block that anybody heard of survives kill -9; the remains of a write that was cut short
 * are cut off at the next `replay`. Damage anywhere else is refused, never repaired.
 */
export class BlockLog {
  readonly #path: string;
  readonly #file: number;
  readonly #places: Place[] = [];
  #end: number = FILE_HEADER_BYTES;

  private constructor(path: string, file: number) {
    this.#path = path;
    this.#file = file;
  }

  /** Opens or creates the log of the chain `genesis`. Throws LEDGER_WRONG_CHAIN for another chain's. */
  static open(path: string, genesis: Hash): BlockLog {
    const file = openSync(path, 'a+');
    const header = concatBytes(MAGIC, hashBytes(genesis));
    const log = new BlockLog(path, file);
    if (fstatSync(file).size < FILE_HEADER_BYTES) {
      ftruncateSync(file, 0);
      log.#write(header);
      return log;
    }
    const got = log.#read(0, FILE_HEADER_BYTES);
    if (equalBytes(got, header)) return log;
    closeSync(file);
    throw new TallyError('LEDGER_WRONG_CHAIN', {
      url: path,
      got: hashOf(got.subarray(MAGIC.length)),
      want: genesis,
    });
  }

  /** Number of blocks known: after `replay` all of them. */
  get length(): number {
    return this.#places.length;
  }

  /** Reads every record once, front to back, and cuts off a torn tail. Throws LEDGER_BLOCK_INVALID on damage. */
  *replay(): Generator<LogRecord, void, undefined> {
    const { size } = fstatSync(this.#file);
    while (this.#end < size) {
      const place = this.#find(this.#end, size);
      if (place === 'torn') break;
      const record = place === 'damaged' ? undefined : this.#decode(place);
      if (place === 'damaged' || record === undefined) throw this.#invalid('its record is damaged');
      this.#places.push(place);
      this.#end = place.offset + place.length;
      yield record;
    }
    if (this.#end < size) {
      ftruncateSync(this.#file, this.#end);
      fdatasyncSync(this.#file);
    }
  }

  /** Returns when the record is durable. Throws STORE_DISK_FULL and leaves the log as it was. */
  append(record: LogRecord): void {
    const payload = encodeLogRecord(record);
    if (payload.length > MAX_RECORD_BYTES) throw this.#invalid(`it has ${payload.length} bytes`);
    const header = concatBytes(
      littleEndian(payload.length, 4),
      littleEndian(~payload.length >>> 0, 4),
      sha256(payload),
    );
    this.#write(concatBytes(header, payload));
    this.#places.push({ offset: this.#end + header.length, length: payload.length });
    this.#end += header.length + payload.length;
  }

  /** Block `number`, or undefined when there is none; block 0 is never in the log. */
  read(number: number): LogRecord['block'] | undefined {
    const place = this.#places[number - 1];
    if (place === undefined) return undefined;
    return decodeLogRecord(this.#read(place.offset, place.length)).block;
  }

  close(): void {
    closeSync(this.#file);
  }

  #find(at: number, size: number): Found {
    const rest = size - at;
    if (rest < RECORD_HEADER_BYTES) return 'torn';
    const header = new ScaleReader(this.#read(at, RECORD_HEADER_BYTES));
    const length = header.u32();
    const inverted = header.u32();
    if (inverted !== ~length >>> 0 || length > MAX_RECORD_BYTES) {
      return this.#isZero(at, size) ? 'torn' : 'damaged';
    }
    if (length > rest - RECORD_HEADER_BYTES) return 'torn';
    const place = { offset: at + RECORD_HEADER_BYTES, length };
    if (equalBytes(sha256(this.#read(place.offset, length)), header.take(32))) return place;
    return place.offset + length === size ? 'torn' : 'damaged';
  }

  /** After a power cut a file may be longer than what reached the disk; the missing part reads as zeros. */
  #isZero(at: number, size: number): boolean {
    const length = Math.min(size - at, MAX_RECORD_BYTES);
    return this.#read(at, length).every((byte) => byte === 0);
  }

  #decode(place: Place): LogRecord | undefined {
    try {
      return decodeLogRecord(this.#read(place.offset, place.length));
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  #read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const count = readSync(this.#file, bytes, at, length - at, offset + at);
      if (count === 0) throw this.#invalid('the file became shorter');
      at += count;
    }
    return bytes;
  }

  #write(bytes: Uint8Array): void {
    const { size } = fstatSync(this.#file);
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at);
      fdatasyncSync(this.#file);
    } catch (error) {
      ftruncateSync(this.#file, size);
      const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
      throw isFull ? new TallyError('STORE_DISK_FULL', { path: this.#path }, error) : error;
    }
  }

  #invalid(reason: string): TallyError {
    return new TallyError('LEDGER_BLOCK_INVALID', { block: this.length + 1, reason });
  }
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}
