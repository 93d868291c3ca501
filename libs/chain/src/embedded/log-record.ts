import { concatBytes } from '@tallystick/kernel';
import { opaque, ScaleReader, vector } from './scale.js';
import { type Block, encodeBlock, readBlock } from './signed-block.js';
import { keyBytes, keyText } from './storage-key.js';

const DELETED = Uint8Array.of(0);
const WRITTEN = Uint8Array.of(1);

/** A block and what it wrote, by key text, ascending; undefined: deleted. */
export interface LogRecord {
  readonly block: Block;
  readonly changes: readonly (readonly [key: string, value: Uint8Array | undefined])[];
}

/** SCALE `(Block, Vec<(Vec<u8>, Option<Vec<u8>>)>)`. */
export function encodeLogRecord({ block, changes }: LogRecord): Uint8Array {
  const writes = changes.map(([key, value]) =>
    concatBytes(
      opaque(keyBytes(key)),
      value === undefined ? DELETED : concatBytes(WRITTEN, opaque(value)),
    ),
  );
  return concatBytes(encodeBlock(block), vector(writes));
}

/** Throws RangeError on anything that `encodeLogRecord` does not write.. */
export function decodeLogRecord(bytes: Uint8Array): LogRecord {
  const input = new ScaleReader(bytes);
  const block = readBlock(input);
  const changes = input.vector(
    () => [keyText(input.opaque()), input.option(() => input.opaque().slice())] as const,
  );
  input.end();
  return { block, changes };
}
