import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes a rename or creation inside `folder` survive a power cut. */
export async function fsyncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Writes `bytes` so that `path` holds either its old content or all of the new one, whatever happens:
 * temporary file, fsync, rename, fsync of the folder. `mode` is applied before the first byte is written.
 */
export async function durableWrite(
  path: string,
  bytes: Uint8Array | string,
  mode = 0o644,
): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    const handle = await open(draft, 'w', mode);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await fsyncFolder(dirname(path));
}
