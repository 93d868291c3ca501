import { statfs } from 'node:fs/promises';
import { TallyError } from '@tallystick/kernel';
import { hasErrno } from '@tallystick/kernel/node';

/** Less than this is trouble: a round of large updates needs more, and PostgreSQL stops at the last byte. */
export const MIN_FREE_BYTES = 256 << 20;

/** Free and total bytes of a file system, for this user. */
export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** A folder whose file system may fill up. */
export interface Disk {
  /** `data` or `blobs`. */
  readonly name: string;
  readonly folder: string;
  readonly space: () => Promise<DiskSpace>;
}

export function diskOf(name: string, folder: string): Disk {
  return { name, folder, space: () => diskSpace(folder) };
}

/** A folder that is not there yet takes nothing, and is asked about with the folder above it. */
async function diskSpace(folder: string): Promise<DiskSpace> {
  try {
    const { bsize, blocks, bavail } = await statfs(folder);
    return { freeBytes: bsize * bavail, totalBytes: bsize * blocks };
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return { freeBytes: Infinity, totalBytes: Infinity };
    throw error;
  }
}

/** Rejects with STORE_DISK_LOW for the first of these that is nearly full. */
export async function assertDiskSpace(disks: readonly Disk[]): Promise<void> {
  for (const { folder, space } of disks) {
    const { freeBytes } = await space();
    if (freeBytes >= MIN_FREE_BYTES) continue;
    const [freeMiB, minMiB] = [Math.floor(freeBytes / 2 ** 20), MIN_FREE_BYTES / 2 ** 20];
    throw new TallyError('STORE_DISK_LOW', { folder, freeMiB, minMiB });
  }
}
