import { cpSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Copies of one bundle for a test file; `dispose` in afterAll removes them. */
export class Scratch {
  readonly #roots: string[] = [];

  /** A fresh copy of the folder. */
  async copyOf(folder: string): Promise<string> {
    const root = await this.folder();
    const copy = join(root, 'bundle');
    cpSync(folder, copy, { recursive: true });
    return copy;
  }

  /** A fresh empty folder. */
  async folder(): Promise<string> {
    const root = await mkdtemp(join(tmpdir(), 'tally-audit-'));
    this.#roots.push(root);
    return root;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#roots.map((root) => rm(root, { recursive: true, force: true })));
    this.#roots.length = 0;
  }
}
