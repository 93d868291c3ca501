import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isTallyError, TallyError } from '@tallystick/kernel';
import { CsvParser, MAX_CSV_BYTES } from '@tallystick/training';

const MAX_SHOWN_COLUMNS = 256;

/** What may be said of a data set to people who must not see it: never a value. */
export interface DatasetShape {
  readonly bytes: number;
  /** Without the header line. */
  readonly rows: number;
  /** The first names of columns. */
  readonly columns: readonly string[];
  readonly columnCount: number;
  /** When the file was last written. */
  readonly changedAtMs: number;
}

/** Reads a CSV once, in pieces: memory is one record. Throws DATA_* in words; none of them holds a cell. */
export async function datasetShape(file: string, signal: AbortSignal): Promise<DatasetShape> {
  let rows = -1;
  let header: readonly string[] = [];
  const parser = new CsvParser(file, (cells) => {
    rows++;
    if (rows === 0) header = [...cells];
  });
  try {
    const { size, mtimeMs } = await stat(file);
    if (size > MAX_CSV_BYTES) {
      throw new TallyError('DATA_TOO_LARGE', { file, limit: MAX_CSV_BYTES, what: 'bytes' });
    }
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const pieces: AsyncIterable<Uint8Array> = createReadStream(file, { signal });
    for await (const piece of pieces) parser.push(decoder.decode(piece, { stream: true }));
    parser.push(decoder.decode());
    parser.end();
    const columns = header.slice(0, MAX_SHOWN_COLUMNS);
    const count = { rows: Math.max(0, rows), columnCount: header.length };
    return { bytes: size, ...count, columns, changedAtMs: mtimeMs };
  } catch (error) {
    signal.throwIfAborted();
    if (isTallyError(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('DATA_FILE_UNREADABLE', { file, reason }, error);
  }
}
