import { blockOffsets, type Manifest } from '../manifest.js';
import { DENSE_I32, type UpdateForm } from '../update-form.js';
import { writeHead } from '../update-head.js';
import { updateLayout, type UpdateLayout } from '../update-layout.js';

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
 * A canonical update whose values cover the codec's whole range: every shift, uniform q, and in each block an extreme
 * ±qMax; every seventh block is all zero. Of a sparse form the positions are drawn too.
 */
export function randomUpdate(
  manifest: Manifest,
  seed: number,
  form: UpdateForm = DENSE_I32,
): Uint8Array<ArrayBuffer> {
  const next = seededWords(seed);
  const layout = updateLayout(manifest, form);
  const sent = sentPositions(layout, next);
  const offsets = blockOffsets(manifest);
  const shifts = new Uint8Array(manifest.blocks);
  const q: number[] = [];
  for (let block = 0; block < manifest.blocks; block++) {
    const inBlock = countBetween(sent, offsets[block], offsets[block + 1]);
    if (inBlock === 0) continue;
    const values = Array.from({ length: inBlock }, () => 0);
    if (next() % 7 !== 0) {
      shifts[block] = next() % (layout.codec.maxShift + 1);
      for (let i = 0; i < inBlock; i++) values[i] = randomQ(layout, next);
      values[next() % inBlock] = next() % 2 === 0 ? layout.codec.qMax : -layout.codec.qMax;
    }
    for (const value of values) q.push(value);
  }
  const file = writeHead(layout, shifts);
  if (layout.isSparse) for (const j of sent) file[layout.headBytes + (j >> 3)] |= 1 << (j & 7);
  q.forEach((value, i) => setQ(file, layout, { index: i, value }));
  return file;
}

/** Writes the q that stands at `index` of the file. */
export function setQ(
  file: Uint8Array,
  { codec, qAt }: UpdateLayout,
  { index, value }: { readonly index: number; readonly value: number },
): void {
  for (let byte = 0; byte < codec.bytesPerQ; byte++) {
    file[qAt + codec.bytesPerQ * index + byte] = value >> (8 * byte);
  }
}

function randomQ({ codec }: UpdateLayout, next: () => number): number {
  return Math.max((next() | 0) >> (8 * (4 - codec.bytesPerQ)), -codec.qMax);
}

/** Ascending; every one of a dense form. */
function sentPositions({ manifest: { d }, sent }: UpdateLayout, next: () => number): Uint32Array {
  const order = Uint32Array.from({ length: d }, (_, j) => j);
  if (sent === d) return order;
  for (let i = 0; i < sent; i++) {
    const j = i + (next() % (d - i));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order.slice(0, sent).sort();
}

function countBetween(sorted: Uint32Array, from: number, to: number): number {
  return lowerBound(sorted, to) - lowerBound(sorted, from);
}

/** Index of the first element that is not below `value`. */
function lowerBound(sorted: Uint32Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
