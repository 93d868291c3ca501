import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunId } from '@tallystick/kernel';
import { durableWrite } from '@tallystick/kernel/node';
import { writeError } from '../write-error.js';

const NAME = /^(\d+)-(\d+)\.state$/;

/** A round of a run. */
interface At {
  readonly run: RunId;
  readonly round: number;
}

/**
 * What a site carries between rounds, `<folder>/<run>-<round>.state`: the state after that round, durable before its
 * receipt is signed.
 */
export class StateFiles {
  readonly #folder: string;
  readonly #isDurable: boolean;

  constructor(folder: string, options: { readonly durable: boolean }) {
    this.#folder = folder;
    this.#isDurable = options.durable;
  }

  path({ run, round }: At): string {
    return join(this.#folder, `${run}-${round}.state`);
  }

  /** Rejects with STORE_DISK_FULL or CONFIG_FOLDER_UNWRITABLE. */
  async put(at: At, bytes: Uint8Array): Promise<void> {
    const path = this.path(at);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      if (this.#isDurable) await durableWrite(path, bytes, 0o600);
      else await writeFile(path, bytes, { mode: 0o600 });
    } catch (error) {
      throw writeError(path, error);
    }
  }

  /** Undefined when there is no such file. */
  async get(at: At): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.path(at));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Rounds of `run` that have a file, the newest first. */
  async rounds(run: RunId): Promise<readonly number[]> {
    const found = (await this.#names()).filter((name) => name.run === run);
    return found.map(({ round }) => round).toSorted((a, b) => b - a);
  }

  async remove(at: At): Promise<void> {
    await rm(this.path(at), { force: true });
  }

  /** Removes files last written before `beforeMs`. */
  async prune(beforeMs: number): Promise<void> {
    for (const at of await this.#names()) {
      if ((await stat(this.path(at))).mtimeMs < beforeMs) await this.remove(at);
    }
  }

  async #names(): Promise<readonly At[]> {
    const names = await readdir(this.#folder).catch(() => []);
    return names.flatMap((name) => {
      const [, run, round] = NAME.exec(name) ?? [];
      // A file name of ours holds a run's number as the log wrote it.
      return run === undefined ? [] : [{ run: Number(run) as RunId, round: Number(round) }];
    });
  }
}
