import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { asHash } from '@tallystick/kernel';
import { describe, expect, it } from 'vitest';
import { CID_CHUNK_BYTES, cidOfLeaf, UnixfsCid } from './unixfs-cid.js';

const VECTORS = new URL('../../../test-vectors/cid.json', import.meta.url);
const { files } = JSON.parse(await readFile(VECTORS, 'utf8')) as {
  readonly files: readonly { readonly bytes: number; readonly cid: string }[];
}; // our own file

/** Pieces of 1 MiB; piece k begins with k + 1, and is zero otherwise. */
function* pieces(size: number): Generator<Uint8Array> {
  const piece = new Uint8Array(CID_CHUNK_BYTES);
  for (let k = 0; k * CID_CHUNK_BYTES < size; k++) {
    new DataView(piece.buffer).setBigUint64(0, BigInt(k + 1), true);
    yield piece.subarray(0, Math.min(CID_CHUNK_BYTES, size - k * CID_CHUNK_BYTES));
  }
}

describe('UnixfsCid', () => {
  it.each(files)('is what the reference importer says of $bytes bytes', ({ bytes, cid }) => {
    const unixfs = new UnixfsCid();
    for (const piece of pieces(bytes)) unixfs.update(piece);
    expect(unixfs.digest()).toBe(cid);
  });

  it('does not depend on how the bytes come, and tells one bit', () => {
    const bytes = Uint8Array.from({ length: 3 * CID_CHUNK_BYTES + 5 }, (_, i) => i * i);
    const whole = new UnixfsCid().update(bytes).digest();
    const parts = new UnixfsCid();
    for (let at = 0; at < bytes.length; at += 700_001)
      parts.update(bytes.subarray(at, at + 700_001));
    expect(parts.digest()).toBe(whole);
    for (const at of [0, CID_CHUNK_BYTES, bytes.length - 1]) {
      const other = bytes.with(at, (bytes[at] ?? 0) ^ 1);
      expect(new UnixfsCid().update(other).digest()).not.toBe(whole);
    }
  });

  it('of a leaf follows from its SHA-256', () => {
    const bytes = new Uint8Array(CID_CHUNK_BYTES).fill(7);
    const hash = asHash(createHash('sha256').update(bytes).digest('hex'));
    expect(cidOfLeaf(hash)).toBe(new UnixfsCid().update(bytes).digest());
  });
});
