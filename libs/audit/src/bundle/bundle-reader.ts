import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { limitOf } from './layout.js';
import { type BundleManifest, decodeManifest } from './manifest.js';

/** Deepest folder of a bundle: rounds/0000/. */
const MAX_DEPTH = 3;
/** Files one bundle may hold: 100 rounds of 10,000 nodes with their updates fit. */
const MAX_FILES = 2_000_000;

/** A file that differs from what the manifest says of it. */
export interface Damage {
  readonly path: string;
  readonly what: 'missing' | 'not listed' | 'other bytes';
}

function malformed(path: string, reason: string): TallyError {
  return new TallyError('AUDIT_BUNDLE_MALFORMED', { path, reason });
}

/**
 * An evidence bundle on disk. It is untrusted input: fixed file names, no links, sizes checked before reading.
 * Reads give fresh buffers.
 */
export class BundleReader {
  readonly manifest: BundleManifest;
  readonly #folder: string;
  readonly #sizes: ReadonlyMap<string, number>;

  private constructor(
    folder: string,
    manifest: BundleManifest,
    sizes: ReadonlyMap<string, number>,
  ) {
    this.#folder = folder;
    this.manifest = manifest;
    this.#sizes = sizes;
  }

  /** Throws AUDIT_BUNDLE_MALFORMED for anything a bundle must not hold. */
  static async open(folder: string): Promise<BundleReader> {
    const sizes = new Map<string, number>();
    await walk(folder, '', 0, sizes);
    if (!sizes.has('manifest.json')) throw malformed('manifest.json', 'it is missing');
    const manifest = decodeManifest(await readFile(join(folder, 'manifest.json')));
    return new BundleReader(folder, manifest, sizes);
  }

  has(path: string): boolean {
    return this.#sizes.has(path);
  }

  /** Paths of the bundle, sorted, without the manifest. */
  paths(): readonly string[] {
    return [...this.#sizes.keys()].filter((path) => path !== 'manifest.json').toSorted();
  }

  /** Undefined when the file is not there. */
  async read(path: string): Promise<Uint8Array | undefined> {
    if (!this.#sizes.has(path)) return undefined;
    return new Uint8Array(await readFile(join(this.#folder, path)));
  }

  /** Compares every file with the manifest; locates damage before any step runs. */
  async damage(): Promise<readonly Damage[]> {
    const listed = new Map(this.manifest.files.map((file) => [file.path, file]));
    const found: Damage[] = [];
    for (const path of this.paths()) {
      const file = listed.get(path);
      listed.delete(path);
      if (file === undefined) {
        found.push({ path, what: 'not listed' });
        continue;
      }
      const bytes = await readFile(join(this.#folder, path));
      if (bytes.length !== file.bytes || sha256(bytes) !== file.sha256) {
        found.push({ path, what: 'other bytes' });
      }
    }
    for (const path of listed.keys()) found.push({ path, what: 'missing' });
    return found;
  }
}

async function walk(
  folder: string,
  prefix: string,
  depth: number,
  sizes: Map<string, number>,
): Promise<void> {
  if (depth > MAX_DEPTH) throw malformed(prefix, 'it is nested too deeply');
  const names = await readdir(join(folder, prefix)).catch((error: unknown) => {
    throw malformed(prefix || folder, error instanceof Error ? error.message : String(error));
  });
  for (const name of names) {
    const path = prefix === '' ? name : `${prefix}/${name}`;
    const stat = await lstat(join(folder, path));
    if (stat.isDirectory()) {
      await walk(folder, path, depth + 1, sizes);
      continue;
    }
    const limit = limitOf(path);
    if (!stat.isFile() || limit === undefined) throw malformed(path, 'a bundle does not hold it');
    if (stat.size > limit)
      throw malformed(path, `it has ${stat.size} bytes, the limit is ${limit}`);
    if (sizes.size >= MAX_FILES) throw malformed(path, `more than ${MAX_FILES} files`);
    sizes.set(path, stat.size);
  }
}
