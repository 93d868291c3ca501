// @ts-check
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A folder for the time of `work`. Others may pass through: PostgreSQL does not run as root.
 * @template T @param {(folder: string) => Promise<T>} work @returns {Promise<T>}
 */
export async function inScratch(work) {
  const folder = await mkdtemp(join(tmpdir(), 'tally-bench-'));
  await chmod(folder, 0o711);
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
