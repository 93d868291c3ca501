import { utf8 } from '@tallystick/kernel';
import type { UpdateSource } from './update-source.js';

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
/** Bytes read at once: whoever hashes a file while it is read finds them in the cache. */
const PIECE_BYTES = 2 ** 18;
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

/** What comes before the data in a file of this header: its length, and the header space-padded to 8 bytes. */
export function renderHead(headerJson: string): Uint8Array {
  const header = utf8(headerJson.padEnd(Math.ceil(headerJson.length / 8) * 8));
  const head = new Uint8Array(PREFIX + header.length);
  new DataView(head.buffer).setBigUint64(0, BigInt(header.length), true);
  head.set(header, PREFIX);
  return head;
}

/** Header text of a file and where its data begins; or why there is none. */
export function readHeader(
  file: UpdateSource,
): { ok: true; header: string; dataAt: number } | { ok: false; reason: string } {
  if (file.bytes < PREFIX) return { ok: false, reason: `it has ${file.bytes} bytes` };
  const prefix = new Uint8Array(PREFIX);
  file.read(prefix, 0);
  const length = new DataView(prefix.buffer).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES) || length > BigInt(file.bytes - PREFIX)) {
    return { ok: false, reason: `its header is said to take ${length} bytes` };
  }
  const header = new Uint8Array(Number(length));
  file.read(header, PREFIX);
  return { ok: true, header: ascii(header), dataAt: PREFIX + header.length };
}

/** Reads the data of a file, all from `dataAt` on, into memory that `allocate` gives (bytes → buffer). */
export function readData(
  file: UpdateSource,
  dataAt: number,
  allocate: (bytes: number) => ArrayBufferLike,
): ArrayBufferLike {
  const data = new Uint8Array(allocate(file.bytes - dataAt));
  for (let at = 0; at < data.length; at += PIECE_BYTES) {
    file.read(data.subarray(at, at + PIECE_BYTES), dataAt + at);
  }
  return data.buffer;
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
