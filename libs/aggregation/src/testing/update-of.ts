import { blockOffsets, type Manifest } from '../manifest.js';
import { DENSE_I32, type UpdateForm } from '../update-form.js';
import { writeHead } from '../update-head.js';
import { updateLayout } from '../update-layout.js';
import { setQ } from './random-update.js';

/**
 * The canonical dense file of integers v that its codec holds exactly: of every block the smallest shift that fits.
 * Throws RangeError for a value that it would have to round.
 */
export function updateOf(
  manifest: Manifest,
  values: ArrayLike<number>,
  form: UpdateForm = DENSE_I32,
): Uint8Array<ArrayBuffer> {
  const layout = updateLayout(manifest, form);
  const offsets = blockOffsets(manifest);
  const shifts = new Uint8Array(manifest.blocks);
  const file = writeHead(layout, shifts);
  for (let block = 0; block < manifest.blocks; block++) {
    const inBlock = Array.from({ length: offsets[block + 1] - offsets[block] }, (_, i) => {
      return values[offsets[block] + i];
    });
    const most = inBlock.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
    let shift = 0;
    while (most / 2 ** shift > layout.codec.qMax) shift++;
    file[56 + block] = shift;
    inBlock.forEach((v, i) => {
      const value = v / 2 ** shift;
      if (!Number.isInteger(value)) throw new RangeError(`${v} is no multiple of 2^${shift}`);
      setQ(file, layout, { index: offsets[block] + i, value });
    });
  }
  return file;
}
