import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { TallyError } from '@tallystick/kernel';
import { hasErrno } from '@tallystick/kernel/node';

/** Read at a time, and all that is in memory of a file. */
const CHUNK_BYTES = 1 << 20;

/** What was read. */
export interface Copied {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Copies a file, closed to others (0600), and makes it durable. Throws DATA_FILE_UNREADABLE, STORE_DISK_FULL and
 * CONFIG_FOLDER_UNWRITABLE; what was written until then stays.
 */
export async function copyFile(from: string, to: string, signal?: AbortSignal): Promise<Copied> {
  const source = await open(from, 'r').catch(unreadable(from));
  try {
    const target = await open(to, 'wx', 0o600).catch(unwritable(to));
    try {
      const copied = await read({ file: source, path: from }, { signal }, async (bytes) => {
        await target.writeFile(bytes).catch(unwritable(to));
      });
      await target.sync().catch(unwritable(to));
      return copied;
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Size and hash of a file; throws DATA_FILE_UNREADABLE. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<Copied> {
  const file = await open(path, 'r').catch(unreadable(path));
  try {
    return await read({ file, path }, { signal }, () => Promise.resolve());
  } finally {
    await file.close();
  }
}

async function read(
  { file, path }: { readonly file: FileHandle; readonly path: string },
  { signal }: { readonly signal: AbortSignal | undefined },
  take: (bytes: Uint8Array) => Promise<void>,
): Promise<Copied> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let bytes = 0;
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, buffer.length).catch(unreadable(path));
    if (bytesRead === 0) return { bytes, sha256: hash.digest('hex') };
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    bytes += bytesRead;
    await take(chunk);
  }
}

function unreadable(file: string): (error: unknown) => never {
  return (error) => {
    throw new TallyError('DATA_FILE_UNREADABLE', { file, reason: reasonOf(error) }, error);
  };
}

/** Why `path` could not be written. */
export function unwritable(path: string): (error: unknown) => never {
  return (error) => {
    if (hasErrno(error, 'ENOSPC') || hasErrno(error, 'EDQUOT')) {
      throw new TallyError('STORE_DISK_FULL', { path }, error);
    }
    const reason = reasonOf(error);
    throw new TallyError('CONFIG_FOLDER_UNWRITABLE', { folder: path, reason }, error);
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
