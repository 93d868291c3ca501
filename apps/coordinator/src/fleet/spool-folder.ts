import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The rounds that are open now, each as `run-round`. */
export type OpenRounds = () => Promise<ReadonlySet<string>>;

/**
 * Removes the files of rounds that are over, and returns their number. The folder is listed before the rounds are
 * asked for: a file that is listed belongs to a round that was open by then.
 */
export async function sweepSpool(folder: string, openRounds: OpenRounds): Promise<number> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = await readdir(folder);
  if (names.length === 0) return 0;
  const open = await openRounds();
  const stale = names.filter((name) => {
    const [, round] = /^(\d+-\d+)-\d+-[0-9a-f]{64}\.part$/.exec(name) ?? [];
    return round === undefined || !open.has(round);
  });
  for (const name of stale) await rm(join(folder, name), { force: true });
  return stale.length;
}
