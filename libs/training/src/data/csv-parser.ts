import { TallyError } from '@tallystick/kernel';

/** Called for every record, header included. `line` is the 1-based line on which the record starts. */
export type OnRecord = (cells: readonly string[], line: number) => void;

/** Bounds of one record. A quoted cell may hold line breaks, so a lost quote would otherwise eat the whole file. */
export const MAX_RECORD_CHARS: number = 1024 * 1024;
export const MAX_COLUMNS: number = 16_384;

/** Where the parser stands in a cell; `cr` is after a carriage return, `closed` after a quote that may end the cell. */
type State = 'start' | 'plain' | 'quoted' | 'closed' | 'cr';

/**
 * CSV of RFC 4180, fed piece by piece: memory is one record, whatever the file's size. Lines end in LF or CRLF; blank
 * lines and a byte order mark are skipped; the last line may lack its end. Everything else that the RFC does not
 * allow is refused with DATA_CSV_MALFORMED: a reader that guesses would train on shifted columns.
 */
export class CsvParser {
  readonly #file: string;
  readonly #onRecord: OnRecord;
  #state: State = 'start';
  #cell = '';
  #cells: string[] = [];
  #chars = 0;
  #line = 1;
  #recordLine = 1;
  #begun = false;

  constructor(file: string, onRecord: OnRecord) {
    this.#file = file;
    this.#onRecord = onRecord;
  }

  push(text: string): void {
    let from = 0;
    if (!this.#begun && text.length > 0) {
      this.#begun = true;
      if (text.startsWith('\uFEFF')) from = 1;
    }
    for (let i = from; i < text.length; i++) this.#take(text.charAt(i));
  }

  /** Closes the last record. */
  end(): void {
    if (this.#state === 'quoted') throw this.#malformed('a quote is not closed', this.#recordLine);
    if (this.#state === 'cr') throw this.#malformed('a carriage return without a line feed');
    if (this.#chars > 0) this.#endRecord();
  }

  #take(char: string): void {
    if (this.#state === 'cr' && char !== '\n') {
      throw this.#malformed('a carriage return without a line feed');
    }
    if (char === '\n') this.#line += 1;
    if (this.#state !== 'quoted' && char === '\n') return this.#endRecord();
    this.#chars += 1;
    if (this.#chars > MAX_RECORD_CHARS) {
      const reason = `a record of more than ${MAX_RECORD_CHARS} characters (is a quote not closed?)`;
      throw this.#malformed(reason, this.#recordLine);
    }
    if (this.#state === 'quoted') this.#inQuotes(char);
    else this.#outside(char);
  }

  #inQuotes(char: string): void {
    if (char === '"') this.#state = 'closed';
    else this.#cell += char;
  }

  #outside(char: string): void {
    if (char === ',') return this.#endCell();
    if (char === '\r') {
      this.#state = 'cr';
      this.#chars -= 1;
    } else if (char !== '"') {
      if (this.#state === 'closed') throw this.#malformed('text after a closing quote');
      this.#state = 'plain';
      this.#cell += char;
    } else if (this.#state === 'plain') {
      throw this.#malformed('a quote inside a cell that does not start with one');
    } else {
      if (this.#state === 'closed') this.#cell += '"';
      this.#state = 'quoted';
    }
  }

  #endCell(): void {
    if (this.#cells.length === MAX_COLUMNS) {
      throw this.#malformed(`more than ${MAX_COLUMNS} columns`);
    }
    this.#cells.push(this.#cell);
    this.#cell = '';
    this.#state = 'start';
  }

  #endRecord(): void {
    const blank = this.#chars === 0;
    this.#endCell();
    const cells = this.#cells;
    const line = this.#recordLine;
    this.#cells = [];
    this.#chars = 0;
    this.#recordLine = this.#line;
    if (!blank) this.#onRecord(cells, line);
  }

  #malformed(reason: string, line: number = this.#line): TallyError {
    return new TallyError('DATA_CSV_MALFORMED', { file: this.#file, line, reason });
  }
}
