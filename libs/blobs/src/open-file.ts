import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { TallyError } from '@tallystick/kernel';
import type { BlobBytes } from '@tallystick/rounds';

/** An open file. */
export interface OpenFile {
  readonly fd: number;
  readonly bytes: number;
}

/** Opens `path` for the time of `task`. A missing file is STORE_BLOB_MISSING of `name`. */
export function withFile<T>(path: string, name: string, task: (file: OpenFile) => T): T {
  const file = openFile(path, name);
  try {
    return task(file);
  } finally {
    closeSync(file.fd);
  }
}

/** Opens `path`; the caller closes it. A missing file is STORE_BLOB_MISSING of `name`. */
export function openFile(path: string, name: string): OpenFile {
  try {
    const fd = openSync(path, 'r');
    return { fd, bytes: fstatSync(fd).size };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new TallyError('STORE_BLOB_MISSING', { sha256: name }, error);
    }
    throw error;
  }
}

/** The file, to be read in pieces from page cache. */
export function bytesOf(file: OpenFile): BlobBytes {
  return { bytes: file.bytes, read: (into, position) => readFully(file, into, position) };
}

/** Fills `into` from `position`; throws RangeError when the file is shorter. */
export function readFully({ fd }: OpenFile, into: Uint8Array, position: number): void {
  let done = 0;
  while (done < into.length) {
    const read = readSync(fd, into, done, into.length - done, position + done);
    if (read === 0) throw new RangeError(`the file ended at byte ${position + done}`);
    done += read;
  }
}
