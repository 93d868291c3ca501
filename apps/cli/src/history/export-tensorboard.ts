import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TallyError } from '@tallystick/kernel';
import { durableWrite } from '@tallystick/kernel/node';
import type { Series } from './series-of.js';
import { eventFile } from './tensorboard-events.js';

/**
 * Writes one TensorBoard run per series below `folder`: `<folder>/<series>/events.out.tfevents.<seconds>.tally`. A second
 * export of the same run replaces its files. Returns the files. Throws CONFIG_FOLDER_UNWRITABLE.
 */
export async function exportTensorboard(
  series: readonly Series[],
  options: { readonly folder: string; readonly createdAtMs: number },
): Promise<readonly string[]> {
  const { folder, createdAtMs } = options;
  const stamp = Math.floor(createdAtMs / 1000);
  const files: string[] = [];
  try {
    for (const { name, points } of series) {
      const file = join(folder, name, `events.out.tfevents.${stamp}.tally`);
      await mkdir(join(folder, name), { recursive: true });
      await durableWrite(file, eventFile(points, createdAtMs));
      files.push(file);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('CONFIG_FOLDER_UNWRITABLE', { folder, reason }, error);
  }
  return files;
}
