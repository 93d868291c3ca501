import { closeSync } from 'node:fs';
import type { UpdateSource } from '@tallystick/aggregation';
import { type OpenFile, openFile, readFully, withFile } from '@tallystick/blobs';

/** Files kept open while a task reads rows; of more updates the others are opened for every row. */
const MAX_HANDLES = 256;

/** The gathered updates of a round as files. Handles are kept while a task runs: `release` closes them. */
export class UpdateFiles {
  readonly updates: readonly UpdateSource[];
  readonly #handles = new Map<string, OpenFile>();

  constructor(paths: readonly string[]) {
    this.updates = paths.map((path) => ({
      bytes: withFile(path, path, (file) => file.bytes),
      read: (into, position) => this.#read(path, into, position),
    }));
  }

  /** Closes all handles; reading opens them again. */
  release(): void {
    for (const { fd } of this.#handles.values()) closeSync(fd);
    this.#handles.clear();
  }

  #read(path: string, into: Uint8Array, position: number): void {
    let file = this.#handles.get(path);
    if (file === undefined && this.#handles.size < MAX_HANDLES) {
      file = openFile(path, path);
      this.#handles.set(path, file);
    }
    if (file === undefined) withFile(path, path, (once) => readFully(once, into, position));
    else readFully(file, into, position);
  }
}
