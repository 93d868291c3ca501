import { utf8 } from '@tallystick/kernel';

/** Element types this room writes. */
export type DType = 'F32' | 'F64' | 'I64';

/** A tensor as a safetensors header describes it; `offset` and `size` in elements of its own type. */
export interface HeaderEntry {
  readonly dtype: DType;
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  readonly offset: number;
}

/** Bytes of the length prefix. */
const PREFIX = 8;
/** Largest header read: 4,096 tensors of the longest names fit. */
const MAX_HEADER_BYTES = 2 ** 20;
const ELEMENT_BYTES: Record<DType, number> = { F32: 4, F64: 8, I64: 8 };

/** Compact header JSON in the order given, no `__metadata__`, no padding (github.com/huggingface/safetensors, format). */
export function renderHeader(entries: readonly HeaderEntry[]): string {
  const parts = entries.map(({ dtype, name, shape, size, offset }) => {
    const bytes = ELEMENT_BYTES[dtype];
    const from = offset * bytes;
    const to = (offset + size) * bytes;
    return `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape.join(',')}],"data_offsets":[${from},${to}]}`;
  });
  return `{${parts.join(',')}}`;
}

/** A file of this header, space-padded to 8 bytes, and `data`. A fresh buffer. */
export function renderFile(headerJson: string, data: readonly Uint8Array[]): Uint8Array {
  const header = utf8(headerJson.padEnd(Math.ceil(headerJson.length / 8) * 8));
  const dataBytes = data.reduce((sum, part) => sum + part.length, 0);
  const file = new Uint8Array(PREFIX + header.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, PREFIX);
  let at = PREFIX + header.length;
  for (const part of data) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

/** Splits a file into header text and data, or says why it cannot. The data is a view. */
export function splitFile(
  file: Uint8Array,
): { ok: true; header: string; data: Uint8Array } | { ok: false; reason: string } {
  if (file.length < PREFIX) return { ok: false, reason: `it has ${file.length} bytes` };
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES) || length > BigInt(file.length - PREFIX)) {
    return { ok: false, reason: `its header is said to take ${length} bytes` };
  }
  const end = PREFIX + Number(length);
  return { ok: true, header: ascii(file.subarray(PREFIX, end)), data: file.subarray(end) };
}

/** Names are ASCII; any other byte comes out as a character that no canonical header holds. */
function ascii(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 4096) {
    parts.push(String.fromCharCode(...bytes.subarray(at, at + 4096)));
  }
  return parts.join('');
}

/** True iff `header` is `headerJson` space-padded to a multiple of 8. */
export function isPadded(header: string, headerJson: string): boolean {
  return header === headerJson.padEnd(Math.ceil(headerJson.length / 8) * 8);
}
