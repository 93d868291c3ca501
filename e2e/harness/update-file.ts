/** Update files (protocol.md §1.3), written from the text of the protocol so that each part can be wrong on purpose. */
import { createHash } from 'node:crypto';

/** What an update has to fit: read from a model file (safetensors). */
export interface Shape {
  readonly d: number;
  readonly blocks: number;
  /** SHA-256 of the JSON header without its padding. */
  readonly manifest: string;
}

const BLOCK = 1_024;

export function shapeOf(model: Uint8Array): Shape {
  const buffer = Buffer.from(model);
  const json = buffer.subarray(8, 8 + Number(buffer.readBigUInt64LE(0))).toString();
  const tensors = Object.values(JSON.parse(json) as Record<string, { shape: number[] }>);
  const sizes = tensors.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
  return {
    d: sizes.reduce((sum, size) => sum + size, 0),
    blocks: sizes.reduce((sum, size) => sum + Math.ceil(size / BLOCK), 0),
    manifest: createHash('sha256').update(json.trimEnd()).digest('hex'),
  };
}

interface Content {
  /** One value for every position. */
  readonly q?: number;
  /** One shift for every block. */
  readonly shift?: number;
  readonly codec?: number;
}

/** An update of that shape; without content it says that nothing moved. */
export function updateFile(
  { d, blocks, manifest }: Shape,
  { q = 0, shift = 0, codec = 1 }: Content = {},
): Buffer {
  const head = Buffer.alloc(56);
  head.write('TLYU');
  head.set([1, codec, 32, 0], 4);
  head.writeBigUInt64LE(BigInt(d), 8);
  head.write(manifest, 16, 'hex');
  head.writeUInt32LE(blocks, 48);
  const shifts = Buffer.alloc(Math.ceil(blocks / 8) * 8);
  shifts.fill(shift, 0, blocks);
  const values = Buffer.alloc(4 * d);
  for (let i = 0; i < d; i++) values.writeInt32LE(q, 4 * i);
  return Buffer.concat([head, shifts, values]);
}
