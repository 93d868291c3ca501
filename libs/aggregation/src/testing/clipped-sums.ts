import { CHUNK_POSITIONS } from '../chunk.js';
import { FoldLane, foldMemory, sumsOf } from '../fold-lane.js';
import type { Manifest } from '../manifest.js';
import { clipScale } from '../robust/distances.js';
import type { UpdateForm } from '../update-form.js';
import { sourceOf } from '../update-source.js';

/** S of a clipped mean as a fold makes it, update by update, by several lanes on one thread. */
export function clippedSums(
  clipNorm: number,
  contributions: readonly { readonly weight: bigint; readonly file: Uint8Array }[],
  work: { readonly manifest: Manifest; readonly form: UpdateForm; readonly lanes?: number },
): BigInt64Array {
  const { manifest, form, lanes = 1 } = work;
  const shape = { manifest, form, lanes, chunkPositions: CHUNK_POSITIONS };
  const memory = foldMemory(shape);
  const all = Array.from({ length: lanes }, (_, lane) => new FoldLane(shape, memory, lane));
  for (const { weight, file } of contributions) {
    const scale = clipScale(clipNorm, all[0].squaredNorm(sourceOf(file)));
    const item = { weight: Number(weight), scale, isInspected: true };
    for (const lane of all) lane.fold({ source: sourceOf(file), ...item });
  }
  return sumsOf(memory, manifest);
}
