/** An update file that can be read at any place: bytes in memory, or an open file. */
export interface UpdateSource {
  /** Length of the file. */
  readonly bytes: number;
  /** Fills `into` with the bytes from `position` on; throws RangeError when the file ends before. */
  read(into: Uint8Array, position: number): void;
}

/** A file held in memory. */
export function sourceOf(file: Uint8Array): UpdateSource {
  return {
    bytes: file.length,
    read: (into, position) => into.set(piece(file, position, into.length)),
  };
}

function piece(file: Uint8Array, position: number, length: number): Uint8Array {
  if (position + length > file.length) throw new RangeError(`the file ends at ${file.length}`);
  return file.subarray(position, position + length);
}
