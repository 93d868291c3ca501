import { blockOffsets, type Manifest } from './manifest.js';
import type { UpdateForm } from './update-form.js';
import { shiftsOf } from './update-head.js';
import { updateLayout, type UpdateLayout } from './update-layout.js';

/**
 * The values v = q·2^e of an update in units of 2⁻³², d int64, 0 where a sparse one has none: the plain reader, for
 * tests, audits and export. Throws UPDATE_MALFORMED when the head does not fit manifest and form.
 */
export function decodeUpdate(
  bytes: Uint8Array,
  manifest: Manifest,
  form: UpdateForm,
): BigInt64Array {
  const layout = updateLayout(manifest, form);
  const shifts = shiftsOf(bytes, bytes.length, layout);
  const next = qReader(bytes, layout);
  const offsets = blockOffsets(manifest);
  const values = new BigInt64Array(manifest.d);
  for (let block = 0; block < manifest.blocks; block++) {
    const factor = 1n << BigInt(shifts[block]);
    for (let j = offsets[block]; j < offsets[block + 1]; j++) {
      if (holds(bytes, layout, j)) values[j] = BigInt(next()) * factor;
    }
  }
  return values;
}

function holds(bytes: Uint8Array, { isSparse, headBytes }: UpdateLayout, j: number): boolean {
  return !isSparse || ((bytes[headBytes + (j >> 3)] >> (j & 7)) & 1) === 1;
}

/** The q of a file one after another. */
function qReader(bytes: Uint8Array, { codec, qAt }: UpdateLayout): () => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = qAt - codec.bytesPerQ;
  return () => {
    at += codec.bytesPerQ;
    if (codec.bytesPerQ === 4) return view.getInt32(at, true);
    return codec.bytesPerQ === 2 ? view.getInt16(at, true) : view.getInt8(at);
  };
}

/**
 * Σ weight · v per position in unbounded integers: what the kernel must equal. Slow and obvious on purpose.
 * @param contributions decoded values, d each
 */
export function referenceSum(
  d: number,
  contributions: readonly { readonly values: BigInt64Array; readonly weight: bigint }[],
): bigint[] {
  const sums = Array.from({ length: d }, () => 0n);
  for (const { values, weight } of contributions) {
    for (let j = 0; j < d; j++) sums[j] += weight * values[j];
  }
  return sums;
}
