import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UnixfsCid } from '@tallystick/blobs';
import { type Hash, type RunId, TallyError } from '@tallystick/kernel';
import { durableWrite, sha256 } from '@tallystick/kernel/node';
import { limitOf } from './layout.js';
import { type BundleFile, encodeManifest } from './manifest.js';

/** What the manifest says of a file with these bytes. */
export function fileOf(path: string, bytes: Uint8Array): BundleFile {
  const cid = new UnixfsCid().update(bytes).digest();
  return { path, bytes: bytes.length, sha256: sha256(bytes), cid };
}

/** Writes a bundle file by file; the manifest comes last, so a half-written bundle has none. */
export class BundleWriter {
  readonly #folder: string;
  readonly #files = new Map<string, BundleFile>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder; refuses one that holds anything. */
  static async create(folder: string): Promise<BundleWriter> {
    await mkdir(folder, { recursive: true });
    const names = await readdir(folder);
    if (names.length > 0) {
      throw new TallyError('USAGE_INVALID', { detail: `${folder} is not empty` });
    }
    return new BundleWriter(folder);
  }

  /** @param bytes stay the caller's */
  async put(path: string, bytes: Uint8Array): Promise<void> {
    const limit = limitOf(path);
    if (limit === undefined || bytes.length > limit) {
      throw new RangeError(`a bundle cannot hold ${path} with ${bytes.length} bytes`);
    }
    const target = join(this.#folder, path);
    await mkdir(dirname(target), { recursive: true });
    await durableWrite(target, bytes);
    this.#files.set(path, fileOf(path, bytes));
  }

  async finish(about: { run: RunId; genesis: Hash; head: Hash }): Promise<void> {
    const files = [...this.#files.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
    await durableWrite(join(this.#folder, 'manifest.json'), encodeManifest({ ...about, files }));
  }
}
