import { writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hash, Sha256 } from '@tallystick/kernel';
import { durableWrite } from '@tallystick/kernel/node';
import { writeError } from './write-error.js';

const EXTENSION = '.tlu';

/** The site's own updates, `<folder>/<sha256>.tlu`: durable before their receipt is signed. */
export class UpdateFiles {
  readonly #folder: string;
  readonly #isDurable: boolean;
  readonly #sha256: Sha256;
  #making: Promise<unknown> | undefined;

  constructor(folder: string, options: { readonly durable: boolean; readonly sha256: Sha256 }) {
    this.#folder = folder;
    this.#isDurable = options.durable;
    this.#sha256 = options.sha256;
  }

  path(id: Hash): string {
    return join(this.#folder, `${id}${EXTENSION}`);
  }

  /** Writes the file under the hash of its content. Rejects with STORE_DISK_FULL or CONFIG_FOLDER_UNWRITABLE. */
  async put(bytes: Uint8Array): Promise<Hash> {
    const id = this.#sha256(bytes);
    try {
      await this.#made();
      if (this.#isDurable) await durableWrite(this.path(id), bytes, 0o600);
      else writeFileSync(this.path(id), bytes, { mode: 0o600 }); // to the page cache: less than a turn of the thread pool
    } catch (error) {
      throw writeError(this.path(id), error);
    }
    return id;
  }

  /** The folder, made once. */
  async #made(): Promise<void> {
    this.#making ??= mkdir(this.#folder, { recursive: true, mode: 0o700 });
    try {
      await this.#making;
    } catch (error) {
      this.#making = undefined;
      throw error;
    }
  }

  /** True iff the file is there and still hashes to its name. */
  async has(id: Hash): Promise<boolean> {
    try {
      return this.#sha256(await readFile(this.path(id))) === id;
    } catch {
      return false;
    }
  }

  /** Removes updates last written before `beforeMs`; returns how many. */
  async prune(beforeMs: number): Promise<number> {
    const names = await readdir(this.#folder).catch(() => []);
    let removed = 0;
    for (const name of names.filter((file) => file.endsWith(EXTENSION))) {
      const path = join(this.#folder, name);
      const { mtimeMs } = await stat(path);
      if (mtimeMs >= beforeMs) continue;
      await rm(path, { force: true });
      removed++;
    }
    return removed;
  }
}
