import { fromHex, toHex } from '@tallystick/kernel';
import { decodeRecords, encodeRecords, type RecordCodec } from '@tallystick/record';

/** Hex of one record's SCALE bytes. */
export function recordHex<T>(codec: RecordCodec<T>, value: T): string {
  return toHex(codec.encode(value));
}

/** Reads `recordHex`. */
export function recordOf<T>(codec: RecordCodec<T>, hex: string): T {
  return codec.decode(fromHex(hex));
}

/** Hex of records, one after another. */
export function recordListHex<T>(codec: RecordCodec<T>, values: readonly T[]): string {
  return toHex(encodeRecords(codec, values));
}

/** Reads `recordListHex`; throws RangeError on a torn record. */
export function recordListOf<T>(codec: RecordCodec<T>, hex: string): readonly T[] {
  return decodeRecords(codec, fromHex(hex));
}

/** bytea as PostgreSQL reads it from text. */
export function bytea(hex: string): string {
  return `\\x${hex}`;
}
