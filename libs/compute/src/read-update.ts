import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import {
  type Chunk,
  type FoldLane,
  headBytes,
  type Manifest,
  readHead,
  type Refusal,
  shiftsOf,
} from '@tallystick/aggregation';
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
export function inspectFile(
  update: Hash,
  path: string,
  { lane, manifest }: { readonly lane: FoldLane; readonly manifest: Manifest },
): Inspection {
  return withFile(path, update, (file) => {
    const got = hashOf(path);
    if (got !== update) throw new TallyError('STORE_BLOB_DAMAGED', { sha256: update, got });
    const head = readHeadOf(file, manifest);
    const read = readHead(head, file.bytes, manifest);
    const fault = read.ok ? firstFault(file, { lane, manifest, shifts: read.shifts }) : read;
    return fault ?? { ok: true, bytes: file.bytes };
  });
}

interface Reading {
  readonly lane: FoldLane;
  readonly manifest: Manifest;
  readonly shifts: Uint8Array;
}

function firstFault(file: OpenFile, reading: Reading): Refusal | undefined {
  for (const chunk of reading.lane.all) {
    stage(file, chunk, reading);
    const fault = reading.lane.check(chunk, reading.shifts);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Adds the lane's own blocks of an inspected update file. */
export function foldFile(
  path: string,
  weight: number,
  { lane, manifest }: { readonly lane: FoldLane; readonly manifest: Manifest },
): void {
  withFile(path, path, (file) => {
    const shifts = shiftsOf(readHeadOf(file, manifest), file.bytes, manifest);
    for (const chunk of lane.own) {
      stage(file, chunk, { lane, manifest, shifts });
      lane.fold(chunk, shifts, weight);
    }
  });
}

/** The bytes before q, or all of a shorter file. */
export function readHeadOf(file: OpenFile, manifest: Manifest): Uint8Array {
  const head = new Uint8Array(Math.min(headBytes(manifest), file.bytes));
  readFully(file, head, 0);
  return head;
}

function stage(file: OpenFile, chunk: Chunk, { lane, manifest }: Reading): void {
  const into = lane.staging.subarray(0, 4 * chunk.length);
  readFully(file, into, headBytes(manifest) + 4 * chunk.position);
}
