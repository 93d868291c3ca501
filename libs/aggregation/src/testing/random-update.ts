import { blockOffsets, type Manifest } from '../manifest.js';
import { headBytes, MAX_SHIFT, Q_MAX, writeHead } from '../update-layout.js';

/** Words of a 32-bit xorshift generator (Marsaglia 2003): fast and reproducible, for tests alone. */
export function seededWords(seed: number): () => number {
  let x = Math.imul(seed + 1, 0x9e3779b1) >>> 0 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    x >>>= 0;
    return x;
  };
}

/**
 * A canonical update whose values cover the codec's whole range: every shift, uniform q, and in each block an
 * extreme ±(2³¹ − 1); every seventh block is all zero.
 */
export function randomUpdate(manifest: Manifest, seed: number): Uint8Array<ArrayBuffer> {
  const next = seededWords(seed);
  const offsets = blockOffsets(manifest);
  const shifts = new Uint8Array(manifest.blocks);
  const q = new Int32Array(manifest.d);
  for (let block = 0; block < manifest.blocks; block++) {
    if (next() % 7 === 0) continue;
    shifts[block] = next() % (MAX_SHIFT + 1);
    const from = offsets[block];
    const to = offsets[block + 1];
    for (let j = from; j < to; j++) q[j] = Math.max(next() | 0, -Q_MAX);
    q[from + (next() % (to - from))] = next() % 2 === 0 ? Q_MAX : -Q_MAX;
  }
  const file = writeHead(manifest, shifts);
  file.set(new Uint8Array(q.buffer), headBytes(manifest));
  return file;
}
