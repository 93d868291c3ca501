import { readFile, rm } from 'node:fs/promises';
import { hasErrno } from '@tallystick/kernel/node';
import type { DataFolder } from '@tallystick/sandbox';
import { z } from 'zod';
import type { RestoredBackup } from './after-restore.js';

const RestoredFile = z.object({
  backupAtMs: z.number().int().nonnegative(),
  isLogKept: z.boolean(),
});

/** What `tally restore` left in the data folder; undefined when there is nothing. Rejects when it cannot be read. */
export async function readRestored({
  restored,
}: Pick<DataFolder, 'restored'>): Promise<RestoredBackup | undefined> {
  const text = await readFile(restored, 'utf8').catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  return { ...RestoredFile.parse(JSON.parse(text)), forget: () => rm(restored, { force: true }) };
}
