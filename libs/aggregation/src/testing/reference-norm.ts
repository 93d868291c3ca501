import { blockOffsets, type Manifest } from '../manifest.js';

/**
 * √Σv² in binary64 and the order of protocol.md §1.8: inside a block one partial sum over the even and one over the
 * odd positions, added; blocks in order.
 * @param values of `decodeUpdate`
 */
export function referenceNorm(manifest: Manifest, values: BigInt64Array): number {
  const offsets = blockOffsets(manifest);
  let sum = 0;
  for (let block = 0; block < manifest.blocks; block++) {
    const partial = [0, 0];
    for (let j = offsets[block]; j < offsets[block + 1]; j++) {
      partial[j % 2] += Number(values[j]) * Number(values[j]);
    }
    sum += partial[0] + partial[1];
  }
  return Math.sqrt(sum);
}
