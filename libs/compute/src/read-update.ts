import { createHash } from 'node:crypto';
import type { UpdateInspection, UpdateSource } from '@tallystick/aggregation';
import { readFully, withFile } from '@tallystick/blobs';
import { type Hash, TallyError } from '@tallystick/kernel';
import type { Inspection } from '@tallystick/rounds';
import type { Prefix } from './tasks.js';

/** Bytes read at once while hashing; 64 KiB to 1 MiB measure the same. */
const HASH_BYTES = 2 ** 18;

/** Feeds the first `bytes` bytes of a file to `update`. */
export function readPrefix({ path, bytes }: Prefix, update: (piece: Uint8Array) => void): void {
  withFile(path, path, (file) => {
    const read: UpdateSource['read'] = (into, position) => readFully(file, into, position);
    readRange({ bytes, read }, 0, update);
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
 * The canonical check of a stored update, whose bytes were hashed when they were stored. Those that are refused are hashed
 * again: a node is never blamed for what a disk did (STORE_BLOB_DAMAGED).
 */
export function inspectUpdate(
  update: Hash,
  source: UpdateSource,
  inspector: { inspect(source: UpdateSource): UpdateInspection },
): Inspection {
  const inspection = inspector.inspect(source);
  if (inspection.ok) return { ok: true, bytes: source.bytes };
  new HashedSource(source).demand(update);
  return inspection;
}

/**
 * Reads a stored update that nobody has looked at since it lay on the disk: what `use` reads is hashed on the way. Throws
 * STORE_BLOB_DAMAGED, whatever `use` says, when the bytes are not those of `update`.
 */
export function readHashed<T>(
  update: Hash,
  source: UpdateSource,
  use: (source: UpdateSource) => T,
): T {
  const hashed = new HashedSource(source);
  try {
    return use(hashed);
  } finally {
    hashed.demand(update);
  }
}

/** Hashes a file while it is read, each byte once: what is read in sequence at once, the rest at the end. */
class HashedSource implements UpdateSource {
  readonly bytes: number;
  readonly #source: UpdateSource;
  readonly #hash = createHash('sha256');
  /** Bytes hashed. */
  #at = 0;

  constructor(source: UpdateSource) {
    this.bytes = source.bytes;
    this.#source = source;
  }

  read(into: Uint8Array, position: number): void {
    this.#source.read(into, position);
    if (position !== this.#at) return;
    this.#hash.update(into);
    this.#at += into.length;
  }

  /** Throws STORE_BLOB_DAMAGED unless the file hashes to `update`. Call once. */
  demand(update: Hash): void {
    readRange(this.#source, this.#at, (piece) => this.#hash.update(piece));
    const got = this.#hash.digest('hex');
    if (got !== update) throw new TallyError('STORE_BLOB_DAMAGED', { sha256: update, got });
  }
}

/** Feeds the bytes from `from` on to `update`. */
function readRange(source: UpdateSource, from: number, update: (piece: Uint8Array) => void): void {
  const piece = new Uint8Array(Math.min(HASH_BYTES, source.bytes - from));
  for (let at = from; at < source.bytes; at += HASH_BYTES) {
    const part = piece.subarray(0, Math.min(HASH_BYTES, source.bytes - at));
    source.read(part, at);
    update(part);
  }
}
