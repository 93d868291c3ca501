import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Is this round still open? */
export type IsOpen = (run: number, round: number) => boolean;

/** Makes the folder and removes what belongs to no open round, drafts of earlier versions included. */
export async function sweepSpool(folder: string, isOpen: IsOpen): Promise<number> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  let removed = 0;
  for (const name of await readdir(folder)) {
    const [, run, round] = /^(\d+)-(\d+)-\d+-[0-9a-f]{64}\.part$/.exec(name) ?? [];
    if (run !== undefined && round !== undefined && isOpen(Number(run), Number(round))) continue;
    await rm(join(folder, name), { force: true });
    removed++;
  }
  return removed;
}
