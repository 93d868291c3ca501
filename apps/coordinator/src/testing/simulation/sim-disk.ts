import { concatBytes, type Hash, TallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { BlobBytes, BlobStore } from '@tallystick/rounds';
import type { Sim } from './sim.js';
import type { SimProcess } from './sim-process.js';

interface SimFile {
  readonly bytes: Uint8Array;
  /** So many of them survive a crash for certain. */
  readonly synced: number;
  /** Whose bytes the others are. */
  readonly writer?: SimProcess;
}

const EMPTY: SimFile = { bytes: new Uint8Array(0), synced: 0 };

/**
 * Files, of one machine or shared by several. What was not synced may be lost or torn by a crash of its writer; a rename
 * is durable at once.
 */
export class SimDisk {
  readonly #files = new Map<string, SimFile>();
  readonly #sim: Sim;
  readonly #skipsSync: boolean;
  #drafts = 0;

  /** @param skipsSync for the mutants: `sync` does nothing. */
  constructor(sim: Sim, skipsSync = false) {
    this.#sim = sim;
    this.#skipsSync = skipsSync;
  }

  /** A name that no file has. */
  draft(): string {
    return `draft-${this.#drafts++}`;
  }

  /** A file that was there before everything. */
  preload(path: string, bytes: Uint8Array): void {
    this.#files.set(path, { bytes, synced: bytes.length });
  }

  append(owner: SimProcess, path: string, more: Uint8Array): Promise<void> {
    return this.#operate(owner, () => {
      const { bytes, synced } = this.#files.get(path) ?? EMPTY;
      this.#files.set(path, { bytes: concatBytes(bytes, more), synced, writer: owner });
    });
  }

  sync(owner: SimProcess, path: string): Promise<void> {
    return this.#operate(owner, () => {
      const { bytes } = this.#files.get(path) ?? EMPTY;
      if (!this.#skipsSync) this.#files.set(path, { bytes, synced: bytes.length });
    });
  }

  rename(owner: SimProcess, from: string, to: string): Promise<void> {
    return this.#operate(owner, () => {
      this.#files.set(to, this.#files.get(from) ?? EMPTY);
      this.#files.delete(from);
    });
  }

  /** Cuts a torn end off. */
  truncate(owner: SimProcess, path: string, length: number): Promise<void> {
    return this.#operate(owner, () => {
      const { bytes } = this.#files.get(path) ?? EMPTY;
      this.#files.set(path, { bytes: bytes.slice(0, length), synced: length });
    });
  }

  read(owner: SimProcess, path: string): Promise<Uint8Array | undefined> {
    return this.#operate(owner, () => this.#files.get(path)?.bytes.slice());
  }

  size(owner: SimProcess, path: string): Promise<number | undefined> {
    return this.#operate(owner, () => this.#files.get(path)?.bytes.length);
  }

  /** The machine of this process loses power. */
  crash(owner: SimProcess): void {
    for (const [path, { bytes, synced, writer }] of this.#files) {
      if (writer !== owner) continue;
      const kept = this.#sim.random.between(synced, bytes.length);
      this.#files.set(path, { bytes: bytes.slice(0, kept), synced: kept });
    }
  }

  async #operate<T>(owner: SimProcess, effect: () => T): Promise<T> {
    const { faults, random } = this.#sim;
    const isFailed = faults.strikes('disk.failed');
    const ms = faults.strikes('disk.slow') ? random.between(200, 4_000) : random.between(0, 2);
    return owner.later(ms, () => {
      if (isFailed) throw new Error('EIO: i/o error');
      return effect();
    });
  }
}

/** BlobStore as FsBlobStore does it: a temporary file, synced, then renamed. */
export class SimBlobStore implements BlobStore {
  readonly #disk: SimDisk;
  readonly #owner: SimProcess;

  constructor(disk: SimDisk, owner: SimProcess) {
    this.#disk = disk;
    this.#owner = owner;
  }

  async put(bytes: Uint8Array): Promise<Hash> {
    const id = sha256(bytes);
    if (await this.has(id)) return id;
    const temporary = this.#disk.draft();
    await this.#disk.append(this.#owner, temporary, bytes);
    await this.#disk.sync(this.#owner, temporary);
    await this.#disk.rename(this.#owner, temporary, id);
    return id;
  }

  async get(id: Hash): Promise<Uint8Array> {
    const bytes = await this.#disk.read(this.#owner, id);
    if (bytes === undefined) throw new TallyError('STORE_BLOB_MISSING', { sha256: id });
    const got = sha256(bytes);
    if (got !== id) throw new TallyError('STORE_BLOB_DAMAGED', { sha256: id, got });
    return bytes;
  }

  async withBytes<T>(id: Hash, use: (blob: BlobBytes) => T): Promise<T> {
    const bytes = await this.#disk.read(this.#owner, id);
    if (bytes === undefined) throw new TallyError('STORE_BLOB_MISSING', { sha256: id });
    const read = (into: Uint8Array, position: number): void =>
      into.set(bytes.subarray(position, position + into.length));
    return use({ bytes: bytes.length, read });
  }

  async has(id: Hash): Promise<boolean> {
    return (await this.#disk.size(this.#owner, id)) !== undefined;
  }

  async size(id: Hash): Promise<number> {
    const bytes = await this.#disk.size(this.#owner, id);
    if (bytes === undefined) throw new TallyError('STORE_BLOB_MISSING', { sha256: id });
    return bytes;
  }
}
