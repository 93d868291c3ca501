import { fromHex } from '@tallystick/kernel';
import type { RecordCodec } from '@tallystick/record';

/** Records behind the hex of their concatenated SCALE bytes. Throws RangeError on a torn one. */
export function decodeHexRecords<T>(codec: RecordCodec<T>, hex: string): T[] {
  const bytes = fromHex(hex);
  if (bytes.length % codec.size !== 0) {
    throw new RangeError(`${bytes.length} bytes are no whole number of ${codec.name}`);
  }
  return Array.from({ length: bytes.length / codec.size }, (_, i) =>
    codec.decode(bytes.slice(i * codec.size, (i + 1) * codec.size)),
  );
}
