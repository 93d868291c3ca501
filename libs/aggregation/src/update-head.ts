import { fromHex, TallyError, toHex } from '@tallystick/kernel';
import { codecName } from './codec.js';
import { HEADER_BYTES, type UpdateLayout } from './update-layout.js';

/** Fraction bits of v. */
export const FRACTION_BITS = 32;
const MAGIC = 'TLYU';
const VERSION = 1;

/** Why an update file is refused; the codes of `Inspection` in rounds. */
export interface Refusal {
  readonly ok: false;
  readonly code: 'UPDATE_MALFORMED' | 'UPDATE_WRONG_SHAPE' | 'UPDATE_CODEC_UNSUPPORTED';
  readonly reason: string;
}

/** What the head of a canonical update says. */
export type UpdateHead = { readonly ok: true; readonly shifts: Uint8Array } | Refusal;

/** A fresh file with header and shifts; bitmap and q are left zero. */
export function writeHead(layout: UpdateLayout, shifts: Uint8Array): Uint8Array<ArrayBuffer> {
  const { manifest } = layout;
  const file = new Uint8Array(layout.bytes);
  const view = new DataView(file.buffer);
  for (let i = 0; i < 4; i++) file[i] = MAGIC.charCodeAt(i);
  file.set([VERSION, layout.codecByte, FRACTION_BITS, 0], 4);
  view.setBigUint64(8, BigInt(manifest.d), true);
  file.set(fromHex(manifest.hash), 16);
  view.setUint32(48, manifest.blocks, true);
  file.set(shifts, HEADER_BYTES);
  return file;
}

/**
 * Checks everything before bitmap and q, and the file's length (protocol.md §1.3).
 * @param head the first `layout.headBytes` bytes, or the whole of a shorter file; `shifts` is a view of it
 * @param fileBytes length of the file
 */
export function readHead(head: Uint8Array, fileBytes: number, layout: UpdateLayout): UpdateHead {
  const { manifest, codec } = layout;
  if (head.length < HEADER_BYTES) return malformed(`it has ${fileBytes} bytes`);
  const fault = headerFault(head, layout);
  if (fault !== undefined) return fault;
  if (fileBytes !== layout.bytes) {
    return malformed(`it has ${fileBytes} bytes, not ${layout.bytes}`);
  }
  const shifts = head.subarray(HEADER_BYTES, HEADER_BYTES + manifest.blocks);
  const block = shifts.findIndex((shift) => shift > codec.maxShift);
  if (block >= 0) return malformed(`block ${block} has shift ${shifts[block]}`);
  const padding = head.subarray(HEADER_BYTES + manifest.blocks, layout.headBytes);
  if (padding.some((byte) => byte !== 0)) return malformed('the padding after the shifts is not 0');
  return { ok: true, shifts };
}

function headerFault(head: Uint8Array, { manifest, codecByte }: UpdateLayout): Refusal | undefined {
  const view = new DataView(head.buffer, head.byteOffset, HEADER_BYTES);
  if (String.fromCharCode(...head.subarray(0, 4)) !== MAGIC)
    return malformed('it is not an update');
  const [version, codec, fractionBits, zero] = head.subarray(4, 8);
  if (version !== VERSION) return malformed(`its version is ${version}`);
  if (codec !== codecByte) return codecFault(codec, codecByte);
  if (fractionBits !== FRACTION_BITS) return malformed(`it has ${fractionBits} fraction bits`);
  if (zero !== 0 || view.getUint32(52, true) !== 0) return malformed('a reserved byte is not 0');
  const d = view.getBigUint64(8, true);
  if (d !== BigInt(manifest.d)) {
    return wrongShape(`it has ${d} parameters, the model ${manifest.d}`);
  }
  if (toHex(head.subarray(16, 48)) !== manifest.hash) {
    return wrongShape('its tensors are not those of the model');
  }
  const blocks = view.getUint32(48, true);
  if (blocks !== manifest.blocks)
    return malformed(`it has ${blocks} blocks, not ${manifest.blocks}`);
  return undefined;
}

function codecFault(got: number, want: number): Refusal {
  const name = codecName(got);
  if (name === undefined) return malformed(`codec ${got} does not exist`);
  const reason = `it has codec ${got} (${name}), the run asks for ${want} (${codecName(want)})`;
  return { ok: false, code: 'UPDATE_CODEC_UNSUPPORTED', reason };
}

/** The head's shifts; throws the refusal as an error. For readers of updates that were inspected before. */
export function shiftsOf(head: Uint8Array, fileBytes: number, layout: UpdateLayout): Uint8Array {
  const read = readHead(head, fileBytes, layout);
  if (!read.ok) throw refusalError(read);
  return read.shifts;
}

/** A refusal where none was to be expected, as an error. */
export function refusalError({ reason }: Refusal): TallyError {
  return new TallyError('UPDATE_MALFORMED', { reason });
}

export function malformed(reason: string): Refusal {
  return { ok: false, code: 'UPDATE_MALFORMED', reason };
}

function wrongShape(reason: string): Refusal {
  return { ok: false, code: 'UPDATE_WRONG_SHAPE', reason };
}
