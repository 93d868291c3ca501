import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { utf8 } from '@tallystick/kernel';
import { durableWrite, sha256 } from '@tallystick/kernel/node';
import { writeError } from '../write-error.js';
import { type EvidenceFile, formatEvidence } from './evidence-file.js';

/** Each is a few KiB, and the first ones of a round prove it; a coordinator cannot fill a site's disk with faults. */
const MAX_FILES = 4_096;
/** Digits of the content's hash in a name: other faults of one round and kind have other names. */
const NAME_DIGITS = 12;

/** `<site>/evidence/`: a file for each fault, named `<run>-<round>-<kind>-<hash>.json`. Nothing is ever removed here. */
export class EvidenceFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
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
