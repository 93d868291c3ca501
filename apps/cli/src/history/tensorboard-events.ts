import { crc32c } from './crc32c.js';
import type { Point } from './series-of.js';

/** Added to a rotated checksum so that a checksum of data that holds checksums stays good (TFRecord format). */
const MASK_DELTA = 0xa282ead8;

/** Bytes of a TensorBoard event file: the version record, then one record per point in their order. */
export function eventFile(points: readonly Point[], createdAtMs: number): Uint8Array {
  const version = message([double(1, createdAtMs / 1000), text(3, 'brain.Event:2')]);
  return new Uint8Array(Buffer.concat([record(version), ...points.map(scalar).map(record)]));
}

/** TFRecord: length u64, masked CRC-32C of it, data, masked CRC-32C of it; little-endian. */
function record(data: Uint8Array): Uint8Array {
  const head = Buffer.alloc(12);
  head.writeBigUInt64LE(BigInt(data.length));
  head.writeUInt32LE(masked(head.subarray(0, 8)), 8);
  const foot = Buffer.alloc(4);
  foot.writeUInt32LE(masked(data));
  return Buffer.concat([head, data, foot]);
}

function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}

/** Event { wall_time = 1, step = 2, summary = 5 { value = 1 { tag = 1, simple_value = 2 } } } (tensorboard's event.proto). */
function scalar({ round, atMs, tag, value }: Point): Uint8Array {
  const inner = message([text(1, tag), float(2, value)]);
  const summary = bytesField(1, inner);
  return message([double(1, atMs / 1000), varintField(2, round), bytesField(5, summary)]);
}

const message = (fields: readonly Uint8Array[]): Uint8Array => Buffer.concat(fields);

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}

const varintField = (field: number, value: number): Uint8Array =>
  Buffer.concat([varint(field * 8), varint(value)]);

function double(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([varint(field * 8 + 1), bytes]);
}

function float(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([varint(field * 8 + 5), bytes]);
}

const bytesField = (field: number, bytes: Uint8Array): Uint8Array =>
  Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);

const text = (field: number, value: string): Uint8Array => bytesField(field, Buffer.from(value));
