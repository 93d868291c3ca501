import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Block } from '@tallystick/chain/embedded';
import { encodeSignedBlock, littleEndian } from '@tallystick/chain/testing';
import { asHash, concatBytes, type Hash } from '@tallystick/kernel';
import type { RecordCodec } from '@tallystick/record';
import { fileOf } from '../../bundle/bundle-writer.js';
import { recordBytes, type RecordFileName, roundPath } from '../../bundle/layout.js';
import { type BundleManifest, decodeManifest, encodeManifest } from '../../bundle/manifest.js';
import { type RoundEvidence, roundFiles } from '../../bundle/round-evidence.js';
import type { OperatorKeys } from '../fixture/test-keys.js';
import type { Evidence } from './evidence.js';

const MANIFEST = 'manifest.json';

/** Byte of `field` in an encoded record: the first that changes it. */
function offsetOf<T>(codec: RecordCodec<T>, field: keyof T): number {
  const zero = codec.decode(new Uint8Array(codec.size));
  for (let at = 0; at < codec.size; at++) {
    const bytes = new Uint8Array(codec.size);
    bytes[at] = 1;
    if (codec.decode(bytes)[field] !== zero[field]) return at;
  }
  throw new RangeError(`${codec.name} has no field ${String(field)}`);
}

/** A copy of an honest bundle in the hands of somebody who edits its files. */
export class TamperedBundle {
  readonly folder: string;
  /** What the files said before. */
  readonly honest: Evidence;
  readonly keys: OperatorKeys;

  /** @param folder a copy of the bundle that `honest` was read from */
  constructor(folder: string, honest: Evidence, keys: OperatorKeys) {
    this.folder = folder;
    this.honest = honest;
    this.keys = keys;
  }

  get rounds(): readonly RoundEvidence[] {
    return this.honest.history.rounds;
  }

  async read(path: string): Promise<Uint8Array> {
    return new Uint8Array(await readFile(join(this.folder, path)));
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    await writeFile(join(this.folder, path), bytes);
  }

  async remove(path: string): Promise<void> {
    await rm(join(this.folder, path), { recursive: true });
  }

  /** Writes a file whose folder may not exist. */
  async writeIn(path: string, bytes: Uint8Array): Promise<void> {
    await mkdir(dirname(join(this.folder, path)), { recursive: true });
    await this.write(path, bytes);
  }

  /** Flips one bit of one byte, the lowest unless told; counts bytes from the end when `at` is negative. */
  async flip(path: string, at: number, bit: number = 0): Promise<void> {
    const bytes = await this.read(path);
    const index = at < 0 ? bytes.length + at : at;
    bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
    await this.write(path, bytes);
  }

  /** Flips the lowest bit of a field of record `index` in a file of a round. */
  async flipField<T>(
    [round, file]: readonly [number, RecordFileName],
    codec: RecordCodec<T>,
    [index, field]: readonly [number, keyof T | 'signature'],
  ): Promise<void> {
    const inside = field === 'signature' ? codec.size : offsetOf(codec, field as keyof T); // the other case
    await this.flip(roundPath(round, file), index * recordBytes(file) + inside);
  }

  /** Rewrites the files of a round. */
  async writeRound(evidence: RoundEvidence): Promise<void> {
    for (const [file, bytes] of roundFiles(evidence)) {
      await this.writeIn(roundPath(evidence.round, file), bytes);
    }
  }

  async writeBlocks(blocks: readonly Block[]): Promise<void> {
    const file = concatBytes(littleEndian(blocks.length, 8), ...blocks.map(encodeSignedBlock));
    await this.write('chain/blocks.bin', file);
  }

  /** Makes the manifest fit the files again. */
  async repairManifest(
    changes: Partial<Pick<BundleManifest, 'genesis' | 'head'>> = {},
  ): Promise<void> {
    const manifest = decodeManifest(await this.read(MANIFEST));
    const paths = (await this.#paths('')).filter((path) => path !== MANIFEST).toSorted();
    const files = await Promise.all(paths.map(async (path) => fileOf(path, await this.read(path))));
    await this.write(MANIFEST, encodeManifest({ ...manifest, ...changes, files }));
  }

  async #paths(prefix: string): Promise<string[]> {
    const names = await readdir(join(this.folder, prefix));
    const nested = await Promise.all(
      names.map(async (name) => {
        const path = prefix === '' ? name : `${prefix}/${name}`;
        const isFolder = (await stat(join(this.folder, path))).isDirectory();
        return isFolder ? this.#paths(path) : [path];
      }),
    );
    return nested.flat();
  }
}

/** `id` with its lowest bit flipped. */
export function flipped(id: Hash): Hash {
  const last = Number.parseInt(id.slice(-1), 16) ^ 1;
  return asHash(`${id.slice(0, -1)}${last.toString(16)}`);
}
