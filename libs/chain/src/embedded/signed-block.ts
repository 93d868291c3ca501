import { concatBytes } from '@tallystick/kernel';
import { encodeHeader, type Header, readHeader } from './header.js';
import { type ScaleReader, vector } from './scale.js';

/** A block's header and its extrinsics, each with its length prefix: the bytes that travel and are hashed. */
export interface Block {
  readonly header: Header;
  readonly extrinsics: readonly Uint8Array[];
}

/** SCALE bytes of a block as `Core_execute_block` takes it. */
export function encodeBlock(block: Block): Uint8Array {
  return concatBytes(encodeHeader(block.header), vector(block.extrinsics));
}

/** SCALE `SignedBlock` without justifications: one record of `export-blocks --binary`. */
export function encodeSignedBlock(block: Block): Uint8Array {
  return concatBytes(encodeBlock(block), Uint8Array.of(0));
}

/** Reads one block; extrinsics are views of the input. */
export function readBlock(input: ScaleReader): Block {
  return { header: readHeader(input), extrinsics: input.vector(() => input.prefixed()) };
}

/** Reads one `SignedBlock`; throws RangeError when it carries justifications, which nothing here could check. */
export function readSignedBlock(input: ScaleReader): Block {
  const block = readBlock(input);
  if (input.u8() !== 0) throw new RangeError('the block carries justifications');
  return block;
}
