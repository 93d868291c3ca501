import { concatBytes, type Hash, type Sha256, utf8 } from '@tallystick/kernel';
import type { Field } from './field.js';

/** The bytes of one kind of record. */
export interface RecordCodec<T> {
  /** Domain tag as text, e.g. `tally/task/v1`. */
  readonly name: string;
  /** `name` in ASCII, zero-padded to 16 bytes. Do not modify. */
  readonly tag: Uint8Array;
  /** Bytes of every encoded record. */
  readonly size: number;
  /** SCALE bytes in a fresh buffer; throws RangeError naming the field that is out of range. */
  encode(value: T): Uint8Array;
  /** Throws RangeError unless `bytes` has exactly `size` bytes; every such input is some record. */
  decode(bytes: Uint8Array): T;
}

/** A field for each property of T. The order of the properties is the order on the wire. */
export type FieldTable<T> = { readonly [K in keyof T]: Field<T[K]> };

/** The codec of the fields in `table`; `name` has at most 16 ASCII characters. */
/* @__NO_SIDE_EFFECTS__ */
export function defineRecord<T>(name: string, table: FieldTable<T>): RecordCodec<T> {
  const tag = new Uint8Array(16);
  tag.set(utf8(name));
  const keys = Object.keys(table) as (keyof T & string)[]; // the mapped type allows no other keys
  const size = keys.reduce((sum, key) => sum + table[key].size, 0);
  return {
    name,
    tag,
    size,
    encode(value) {
      const bytes = new Uint8Array(size);
      const view = new DataView(bytes.buffer);
      let at = 0;
      for (const key of keys) {
        table[key].write(view, at, value[key], `${name} ${key}`);
        at += table[key].size;
      }
      return bytes;
    },
    decode(bytes) {
      if (bytes.length !== size) {
        throw new RangeError(`${name} has ${size} bytes, got ${bytes.length}`);
      }
      const view = new DataView(bytes.buffer, bytes.byteOffset, size);
      const value: Partial<T> = {};
      let at = 0;
      for (const key of keys) {
        value[key] = table[key].read(view, at);
        at += table[key].size;
      }
      return value as T; // every key of the table was just set
    },
  };
}

/** tag ‖ SCALE: what a signature covers. */
export function signingBytes<T>(codec: RecordCodec<T>, value: T): Uint8Array {
  return concatBytes(codec.tag, codec.encode(value));
}

/** H(tag ‖ SCALE): identity of every record but a receipt. */
export function recordHash<T>(sha256: Sha256, codec: RecordCodec<T>, value: T): Hash {
  return sha256(codec.tag, codec.encode(value));
}

/** Records one after another, in a fresh buffer. */
export function encodeRecords<T>(codec: RecordCodec<T>, values: readonly T[]): Uint8Array {
  return concatBytes(...values.map((value) => codec.encode(value)));
}

/** Reads `encodeRecords`; throws RangeError on a torn record. */
export function decodeRecords<T>(codec: RecordCodec<T>, bytes: Uint8Array): T[] {
  const { name, size } = codec;
  if (bytes.length % size !== 0) {
    throw new RangeError(`${bytes.length} bytes are no whole number of ${name}`);
  }
  return Array.from({ length: bytes.length / size }, (_, i) =>
    codec.decode(bytes.subarray(i * size, (i + 1) * size)),
  );
}
