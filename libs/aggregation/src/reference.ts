import { blockOffsets, type Manifest } from './manifest.js';
import { headBytes, shiftsOf } from './update-layout.js';

/**
 * The values v = q·2^e of an update in units of 2⁻³², d int64: the plain reader, for tests, audits and export.
 * Throws UPDATE_MALFORMED when the head does not fit the manifest.
 */
export function decodeUpdate(bytes: Uint8Array, manifest: Manifest): BigInt64Array {
  const shifts = shiftsOf(bytes, bytes.length, manifest);
  const view = new DataView(bytes.buffer, bytes.byteOffset + headBytes(manifest));
  const offsets = blockOffsets(manifest);
  const values = new BigInt64Array(manifest.d);
  for (let block = 0; block < manifest.blocks; block++) {
    const factor = 1n << BigInt(shifts[block]);
    for (let j = offsets[block]; j < offsets[block + 1]; j++) {
      values[j] = BigInt(view.getInt32(4 * j, true)) * factor;
    }
  }
  return values;
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
