import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { FoldLane, UpdateSource } from '@tallystick/aggregation';
import { type Hash, TallyError } from '@tallystick/kernel';
import type { Inspection } from '@tallystick/rounds';
import type { Prefix } from './tasks.js';

/** Bytes read at once while hashing; 64 KiB to 1 MiB measure the same. */
const HASH_BYTES = 2 ** 18;

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

/** Fills `into` from `position`; throws RangeError when the file is shorter. */
export function readFully({ fd }: OpenFile, into: Uint8Array, position: number): void {
  let done = 0;
  while (done < into.length) {
    const read = readSync(fd, into, done, into.length - done, position + done);
    if (read === 0) throw new RangeError(`the file ended at byte ${position + done}`);
    done += read;
  }
}

/** Feeds the first `bytes` bytes of a file to `update`. */
export function readPrefix({ path, bytes }: Prefix, update: (piece: Uint8Array) => void): void {
  const piece = new Uint8Array(HASH_BYTES);
  withFile(path, path, (file) => {
    for (let at = 0; at < bytes; at += HASH_BYTES) {
      const part = piece.subarray(0, Math.min(HASH_BYTES, bytes - at));
      readFully(file, part, at);
      update(part);
    }
  });
}

/** SHA-256 of a whole file. */
export function hashOf(path: string): Hash {
  const bytes = withFile(path, path, (file) => file.bytes);
  const hash = createHash('sha256');
  readPrefix({ path, bytes }, (piece) => hash.update(piece));
  return hash.digest('hex') as Hash;
}

/**
 * The canonical check of a stored update. The hash comes first: a node is never blamed for what a disk did
 * (STORE_BLOB_DAMAGED).
 */
export function inspectFile(update: Hash, path: string, lane: FoldLane): Inspection {
  return withFile(path, update, (file) => {
    const got = hashOf(path);
    if (got !== update) throw new TallyError('STORE_BLOB_DAMAGED', { sha256: update, got });
    const inspection = lane.inspect(sourceOf(file));
    return inspection.ok ? { ...inspection, bytes: file.bytes } : inspection;
  });
}

/** Adds the lane's own blocks of an inspected update file. */
export function foldFile(path: string, weight: number, lane: FoldLane): void {
  withFile(path, path, (file) => lane.fold(sourceOf(file), weight));
}

/** The file as the kernels read it: a chunk at a time, from page cache. */
function sourceOf(file: OpenFile): UpdateSource {
  return { bytes: file.bytes, read: (into, position) => readFully(file, into, position) };
}
