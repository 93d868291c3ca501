import { open } from 'node:fs/promises';
import { isTallyError, TallyError } from '@tallystick/kernel';
import type { DataSpec } from '@tallystick/protocol';
import { CsvParser } from './csv-parser.js';
import type { Dataset } from './dataset.js';
import { prepareDataset } from './prepare-dataset.js';
import { TableReader } from './table.js';

/** Largest CSV that is read. */
export const MAX_CSV_BYTES: number = 2 ** 30;
const PIECE_BYTES = 256 * 1024;

/**
 * Reads a site's CSV and runs the feature pipeline over it. Streams: memory is the columns that the run names, not
 * the file. Throws DATA_* naming file, line and column.
 */
export async function loadDataset(
  path: string,
  data: DataSpec,
  signal?: AbortSignal,
): Promise<Dataset> {
  const table = new TableReader(path, data);
  const parser = new CsvParser(path, (cells, line) => table.record(cells, line));
  try {
    for await (const text of readText(path, signal)) parser.push(text);
  } catch (error) {
    signal?.throwIfAborted();
    if (isTallyError(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('DATA_FILE_UNREADABLE', { file: path, reason }, error);
  }
  parser.end();
  return prepareDataset(path, table.table(), data);
}

/** UTF-8 text of a file in pieces; a byte sequence that is not UTF-8 is an error, never a replacement character. */
async function* readText(path: string, signal: AbortSignal | undefined): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const buffer = new Uint8Array(PIECE_BYTES);
  const file = await open(path);
  try {
    let bytes = 0;
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer);
      if (bytesRead === 0) break;
      bytes += bytesRead;
      if (bytes > MAX_CSV_BYTES) {
        throw new TallyError('DATA_TOO_LARGE', { file: path, limit: MAX_CSV_BYTES, what: 'bytes' });
      }
      yield decoder.decode(buffer.subarray(0, bytesRead), { stream: true });
    }
    yield decoder.decode();
  } finally {
    await file.close();
  }
}
