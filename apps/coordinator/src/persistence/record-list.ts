import { fromHex, toHex } from '@tallystick/kernel';
import type { RecordCodec } from '@tallystick/record';

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
  return values.map((value) => recordHex(codec, value)).join('');
}

/** Reads `recordListHex`; throws RangeError on a length that is no multiple of the record's. */
export function recordListOf<T>(codec: RecordCodec<T>, hex: string): readonly T[] {
  const digits = 2 * codec.size;
  if (hex.length % digits !== 0)
    throw new RangeError(`${hex.length} digits are not ${codec.name}*`);
  return Array.from({ length: hex.length / digits }, (_, i) =>
    recordOf(codec, hex.slice(i * digits, (i + 1) * digits)),
  );
}
