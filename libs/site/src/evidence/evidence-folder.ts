import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { utf8 } from '@tallystick/kernel';
import { durableWrite, sha256 } from '@tallystick/kernel/node';
import { writeError } from '../write-error.js';
import { type EvidenceFile, formatEvidence, parseEvidence } from './evidence-file.js';

/** Each is a few KiB, and the first ones of a round prove it; a coordinator cannot fill a site's disk with faults. */
const MAX_FILES = 4_096;
/** Digits of the content's hash in a name: other faults of one round and kind have other names. */
const NAME_DIGITS = 12;

/** An evidence file and its name in the folder. */
export interface KeptEvidence {
  readonly name: string;
  readonly file: EvidenceFile;
}

/** `<site>/evidence/`: a file for each fault, named `<run>-<round>-<kind>-<hash>.json`. Nothing is ever removed here. */
export class EvidenceFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The newest `limit` files that can be read, newest first, and how many there are. Never rejects. */
  async newest(
    limit: number,
  ): Promise<{ readonly files: readonly KeptEvidence[]; readonly count: number }> {
    const names = (await readdir(this.#folder).catch(() => [])).filter((name) =>
      name.endsWith('.json'),
    );
    const dated = await Promise.all(
      names.slice(0, MAX_FILES).map(async (name) => {
        const found = await stat(join(this.#folder, name)).catch(() => undefined);
        return { name, atMs: found?.mtimeMs ?? 0 };
      }),
    );
    const wanted = dated.toSorted((a, b) => b.atMs - a.atMs).slice(0, limit);
    const files = await Promise.all(wanted.map(({ name }) => this.#read(name)));
    return { files: files.filter((file) => file !== undefined), count: names.length };
  }

  async #read(name: string): Promise<KeptEvidence | undefined> {
    try {
      const path = join(this.#folder, name);
      return { name, file: parseEvidence(await readFile(path, 'utf8'), path) };
    } catch {
      return undefined; // `tally dispute` names what is wrong with it
    }
  }

  /** Durable when it resolves; its path, or undefined when the folder is full. The same fault is the same file. */
  async keep(file: EvidenceFile): Promise<string | undefined> {
    const text = formatEvidence(file);
    const digest = sha256(utf8(text)).slice(0, NAME_DIGITS);
    const path = join(this.#folder, `${file.run}-${file.round}-${file.kind}-${digest}.json`);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      if ((await readdir(this.#folder)).length >= MAX_FILES) return undefined;
      await durableWrite(path, text, 0o600);
      return path;
    } catch (error) {
      throw writeError(path, error);
    }
  }
}
