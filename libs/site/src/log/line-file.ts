import { writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TallyError } from '@tallystick/kernel';
import { fsyncFolder } from '@tallystick/kernel/node';
import { writeError } from '../write-error.js';
import { MAX_LINE_BYTES } from './log-line.js';

const READ_BYTES = 256 * 1024;
const LINE_FEED = 0x0a;

/** Complete lines of an open file in order, and how many bytes they take. Memory is O(longest line). */
export async function readLines(
  handle: FileHandle,
  path: string,
  take: (text: string, number: number) => void,
): Promise<{ readonly completeBytes: number; readonly totalBytes: number }> {
  const chunk = Buffer.alloc(READ_BYTES);
  let rest = Buffer.alloc(0);
  let totalBytes = 0;
  let number = 0;
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, totalBytes);
    if (bytesRead === 0) return { completeBytes: totalBytes - rest.length, totalBytes };
    totalBytes += bytesRead;
    let from = 0;
    const data = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    for (let at = data.indexOf(LINE_FEED); at >= 0; at = data.indexOf(LINE_FEED, from)) {
      take(data.toString('utf8', from, at), ++number);
      from = at + 1;
    }
    rest = data.subarray(from);
    if (rest.length > MAX_LINE_BYTES) {
      const reason = `it is longer than ${MAX_LINE_BYTES} bytes`;
      throw new TallyError('STORE_LOG_DAMAGED', { path, line: number + 1, reason });
    }
  }
}

/** An append-only text file. A line is either wholly on disk when `append` resolves, or not in the file. */
export class LineFile {
  readonly path: string;
  /** Bytes of a torn last line that were cut off when the file was opened. */
  readonly droppedBytes: number;
  readonly #handle: FileHandle;
  readonly #isDurable: boolean;
  #bytes: number;
  #broken: unknown;

  private constructor(
    file: { path: string; handle: FileHandle; isDurable: boolean },
    size: { bytes: number; droppedBytes: number },
  ) {
    this.path = file.path;
    this.droppedBytes = size.droppedBytes;
    this.#handle = file.handle;
    this.#isDurable = file.isDurable;
    this.#bytes = size.bytes;
  }

  /** Reads the lines that are there into `take`, then stands ready to append. `isDurable: false` skips fsync. */
  static async open(
    path: string,
    isDurable: boolean,
    take: (text: string, number: number) => void,
  ): Promise<LineFile> {
    const handle = await open(path, 'a+', 0o600);
    try {
      const { completeBytes, totalBytes } = await readLines(handle, path, take);
      const droppedBytes = totalBytes - completeBytes;
      if (droppedBytes > 0) await handle.truncate(completeBytes);
      if (isDurable) {
        await handle.sync();
        await fsyncFolder(dirname(path));
      }
      return new LineFile({ path, handle, isDurable }, { bytes: completeBytes, droppedBytes });
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Callers wait for each append before the next. After a failure nothing of the text stays in the file. */
  async append(text: string): Promise<void> {
    if (this.#broken !== undefined) throw writeError(this.path, this.#broken);
    const bytes = Buffer.from(text, 'utf8');
    try {
      if (this.#isDurable) {
        await this.#handle.appendFile(bytes);
        await this.#handle.datasync();
      } else this.#appendSync(bytes);
      this.#bytes += bytes.length;
    } catch (error) {
      await this.#cut(error);
      throw writeError(this.path, error);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** To the page cache: less than a turn of the thread pool. */
  #appendSync(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) at += writeSync(this.#handle.fd, bytes, at);
  }

  /** Takes a half-written text back out. When even that fails, nothing may follow the torn line. */
  async #cut(cause: unknown): Promise<void> {
    try {
      await this.#handle.truncate(this.#bytes);
    } catch {
      this.#broken = cause;
    }
  }
}
