// @ts-check
import { rmSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Folders that are done with. They stay until the figure is measured: ext4 does not use the inodes of deleted files for
 * minutes and goes through all of them to make a new file (600 µs of CPU instead of 20 after some ten thousand).
 * @type {string[]}
 */
const left = [];

/**
 * A folder for the time of `work`. Others may pass through: PostgreSQL does not run as root.
 * @template T @param {(folder: string) => Promise<T>} work @returns {Promise<T>}
 */
export async function inScratch(work) {
  const folder = await mkdtemp(join(tmpdir(), 'tally-bench-'));
  left.push(folder);
  await chmod(folder, 0o711);
  return work(folder);
}

/** Removes the folders of all work that has ended. Call between figures. */
export function sweepScratch() {
  for (const folder of left.splice(0))
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

process.once('exit', sweepScratch);
