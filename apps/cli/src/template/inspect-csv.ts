import { createReadStream } from 'node:fs';
import { isTallyError, TallyError } from '@tallystick/kernel';
import { CsvParser, MAX_CSV_BYTES } from '@tallystick/training';

/** Distinct values that are kept of a column: more of them are no classes. */
const MAX_DISTINCT = 32;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** What a column holds. */
export interface Column {
  readonly name: string;
  readonly kind: 'number' | 'text' | 'empty';
  /** Distinct values in the order met; undefined when there are more than 32. */
  readonly distinct: readonly string[] | undefined;
  readonly missing: number;
  /** Whole numbers that never repeat and have no gap: a counter of rows, nothing to learn from. */
  readonly isCounter: boolean;
}

/** A CSV as `tally new` sees it. */
export interface CsvShape {
  readonly columns: readonly Column[];
  readonly rows: number;
}

/**
 * Reads a CSV once, in pieces: memory is one record and a few values per column. Throws DATA_* in words for what people
 * have instead of a CSV: no header, ragged rows, NUL bytes, semicolons, another encoding.
 */
export async function inspectCsv(file: string, signal: AbortSignal): Promise<CsvShape> {
  const shape = new ShapeReader(file);
  for await (const records of csvRecords(file, signal)) {
    for (const { cells, line } of records) shape.record(cells, line);
  }
  return shape.shape();
}

/** A record and the line on which it starts. */
export interface CsvRecord {
  readonly cells: readonly string[];
  readonly line: number;
}

/** The records of `file`, header included, piece by piece of the file. Throws DATA_*. */
export async function* csvRecords(
  file: string,
  signal: AbortSignal,
): AsyncGenerator<readonly CsvRecord[]> {
  let records: CsvRecord[] = [];
  const parser = new CsvParser(file, (cells, line) => records.push({ cells, line }));
  for await (const text of textOf(file, signal)) {
    parser.push(text);
    yield records;
    records = [];
  }
  parser.end();
  yield records;
}

/** UTF-8 text in pieces, at most 1 GiB of it. */
async function* textOf(file: string, signal: AbortSignal): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let bytes = 0;
  try {
    const pieces: AsyncIterable<Uint8Array> = createReadStream(file, { signal });
    for await (const chunk of pieces) {
      bytes += chunk.length;
      if (bytes > MAX_CSV_BYTES) {
        throw new TallyError('DATA_TOO_LARGE', { file, limit: MAX_CSV_BYTES, what: 'bytes' });
      }
      if (chunk.includes(0)) throw malformed(file, 1, 'it holds NUL bytes: save it as UTF-8 text');
      yield decoder.decode(chunk, { stream: true });
    }
    yield decoder.decode();
  } catch (error) {
    signal.throwIfAborted();
    if (isTallyError(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('DATA_FILE_UNREADABLE', { file, reason }, error);
  }
}

class ShapeReader {
  readonly #file: string;
  #columns: ColumnReader[] | undefined;
  #rows = 0;

  constructor(file: string) {
    this.#file = file;
  }

  record(cells: readonly string[], line: number): void {
    if (this.#columns === undefined) {
      this.#columns = headerOf(this.#file, cells, line).map((name) => new ColumnReader(name));
      return;
    }
    const want = this.#columns.length;
    if (cells.length !== want) {
      throw malformed(this.#file, line, `${cells.length} cells, but the header has ${want}`);
    }
    this.#rows++;
    for (const [i, column] of this.#columns.entries()) column.take(cells[i] ?? '');
  }

  shape(): CsvShape {
    if (this.#columns === undefined) throw malformed(this.#file, 1, 'it is empty');
    if (this.#rows === 0) throw malformed(this.#file, 1, 'a header, and no row below it');
    return { columns: this.#columns.map((column) => column.column()), rows: this.#rows };
  }
}

/** Names of the header line. */
function headerOf(file: string, cells: readonly string[], line: number): readonly string[] {
  const names = cells.map((cell) => cell.trim());
  const [first = ''] = names;
  if (names.length === 1 && /[;\t]/.test(first)) {
    const what = first.includes(';') ? 'semicolons' : 'tabs';
    throw malformed(file, line, `its cells are separated by ${what}: save it with commas`);
  }
  if (names.every((name) => NUMBER.test(name))) {
    throw malformed(file, line, 'the first line holds numbers only: there is no header line');
  }
  const nameless = names.indexOf('');
  if (nameless >= 0) throw malformed(file, line, `column ${nameless + 1} has no name`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    const shown = JSON.stringify(twice.slice(0, 40));
    throw malformed(file, line, `the header names column ${shown} twice`);
  }
  return names;
}

class ColumnReader {
  readonly #name: string;
  readonly #distinct = new Set<string>();
  #isNumber = true;
  #isCounter = true;
  #missing = 0;
  #last: number | undefined;
  #count = 0;

  constructor(name: string) {
    this.#name = name;
  }

  take(cell: string): void {
    const text = cell.trim();
    if (text === '') {
      this.#missing++;
      this.#isCounter = false;
      return;
    }
    this.#count++;
    if (this.#distinct.size <= MAX_DISTINCT) this.#distinct.add(text.slice(0, 80));
    this.#isNumber &&= NUMBER.test(text);
    const value = Number(text);
    this.#isCounter &&= this.#last === undefined || value === this.#last + 1;
    this.#last = value;
  }

  column(): Column {
    const isEmpty = this.#count === 0;
    return {
      name: this.#name,
      kind: isEmpty ? 'empty' : this.#isNumber ? 'number' : 'text',
      distinct: this.#distinct.size > MAX_DISTINCT ? undefined : [...this.#distinct],
      missing: this.#missing,
      isCounter: this.#isCounter && this.#count > 2,
    };
  }
}

function malformed(file: string, line: number, reason: string): TallyError {
  return new TallyError('DATA_CSV_MALFORMED', { file, line, reason });
}
