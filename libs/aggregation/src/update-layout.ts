import { fromHex, TallyError, toHex } from '@tallystick/kernel';
import { padTo8 } from './bytes.js';
import type { Manifest } from './manifest.js';

/** Bytes before the shifts. */
export const HEADER_BYTES = 56;
/** Largest |q| of codec i32: its range without the minimum. */
export const Q_MAX: number = 2 ** 31 - 1;
/** Largest shift of codec i32, hence |v| < 2⁴¹. */
export const MAX_SHIFT = 10;
/** Fraction bits of v. */
export const FRACTION_BITS = 32;
/** A shifted block must use the codec's upper half, else a smaller shift would have done. */
const Q_SHIFTED_MIN = 2 ** 30;
const MAGIC = 'TLYU';
const VERSION = 1;
const CODEC_I32 = 1;
const LATER_CODECS: readonly number[] = [2, 3, 0x81, 0x82, 0x83];

/** Why an update file is refused; the codes of `Inspection` in rounds. */
export interface Refusal {
  readonly ok: false;
  readonly code: 'UPDATE_MALFORMED' | 'UPDATE_WRONG_SHAPE' | 'UPDATE_CODEC_UNSUPPORTED';
  readonly reason: string;
}

/** Answer of `inspectUpdate`. */
export type UpdateInspection = { readonly ok: true } | Refusal;

/** What the head of a canonical update says. */
export type UpdateHead = { readonly ok: true; readonly shifts: Uint8Array } | Refusal;

/** Bytes of header and shifts: q starts here. */
export function headBytes(manifest: Manifest): number {
  return HEADER_BYTES + padTo8(manifest.blocks);
}

/** Exact length of an update file of this model. */
export function updateBytes(manifest: Manifest): number {
  return headBytes(manifest) + 4 * manifest.d;
}

/** Header and shifts of a fresh file; q is left zero. */
export function writeHead(manifest: Manifest, shifts: Uint8Array): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(updateBytes(manifest));
  const view = new DataView(file.buffer);
  for (let i = 0; i < 4; i++) file[i] = MAGIC.charCodeAt(i);
  file.set([VERSION, CODEC_I32, FRACTION_BITS, 0], 4);
  view.setBigUint64(8, BigInt(manifest.d), true);
  file.set(fromHex(manifest.hash), 16);
  view.setUint32(48, manifest.blocks, true);
  file.set(shifts, HEADER_BYTES);
  return file;
}

/**
 * Checks everything before q and the file's length (protocol.md §1.3).
 * @param head the first `headBytes(manifest)` bytes, or the whole of a shorter file; `shifts` is a view of it
 * @param fileBytes length of the file
 */
export function readHead(head: Uint8Array, fileBytes: number, manifest: Manifest): UpdateHead {
  if (head.length < HEADER_BYTES) return malformed(`it has ${fileBytes} bytes`);
  const fault = headerFault(head, manifest);
  if (fault !== undefined) return fault;
  if (fileBytes !== updateBytes(manifest)) {
    return malformed(`it has ${fileBytes} bytes, not ${updateBytes(manifest)}`);
  }
  const shifts = head.subarray(HEADER_BYTES, HEADER_BYTES + manifest.blocks);
  const block = shifts.findIndex((shift) => shift > MAX_SHIFT);
  if (block >= 0) return malformed(`block ${block} has shift ${shifts[block]}`);
  const padding = head.subarray(HEADER_BYTES + manifest.blocks, headBytes(manifest));
  if (padding.some((byte) => byte !== 0)) return malformed('the padding after the shifts is not 0');
  return { ok: true, shifts };
}

function headerFault(head: Uint8Array, manifest: Manifest): Refusal | undefined {
  const view = new DataView(head.buffer, head.byteOffset, HEADER_BYTES);
  if (String.fromCharCode(...head.subarray(0, 4)) !== MAGIC)
    return malformed('it is not an update');
  const [version, codec, fractionBits, zero] = head.subarray(4, 8);
  if (version !== VERSION) return malformed(`its version is ${version}`);
  if (codec !== undefined && LATER_CODECS.includes(codec)) {
    return {
      ok: false,
      code: 'UPDATE_CODEC_UNSUPPORTED',
      reason: `codec ${codec} is not supported`,
    };
  }
  if (codec !== CODEC_I32) return malformed(`codec ${codec} does not exist`);
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

/** Why a block's q are not canonical, or undefined. `max` is the largest |q|, 2³¹ for the forbidden minimum. */
export function blockFault(block: number, max: number, shift: number): Refusal | undefined {
  if (max > Q_MAX) return malformed(`block ${block} holds the value −2^31`);
  if (shift > 0 && max < Q_SHIFTED_MIN) {
    return malformed(`block ${block} has shift ${shift} where a smaller one holds its values`);
  }
  return undefined;
}

/** The head's shifts; throws the refusal as an error. For readers of updates that were inspected before. */
export function shiftsOf(head: Uint8Array, fileBytes: number, manifest: Manifest): Uint8Array {
  const read = readHead(head, fileBytes, manifest);
  if (!read.ok) throw new TallyError('UPDATE_MALFORMED', { reason: read.reason });
  return read.shifts;
}

function malformed(reason: string): Refusal {
  return { ok: false, code: 'UPDATE_MALFORMED', reason };
}

function wrongShape(reason: string): Refusal {
  return { ok: false, code: 'UPDATE_WRONG_SHAPE', reason };
}
