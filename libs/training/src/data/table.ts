import { TallyError } from '@tallystick/kernel';
import type { DataSpec } from '@tallystick/protocol';

/** Raw numbers of one set. `values` is row-major, one per feature of the spec; NaN is an empty cell to be imputed. */
export interface RawSet {
  readonly values: number[];
  readonly labels: number[];
}

/** The columns that a run asks for, as numbers, before scaling and one-hot. */
export interface Table {
  readonly train: RawSet;
  readonly test: RawSet;
}

/** Raw numbers of one file, all sets together: 256 MiB of float64. */
export const MAX_RAW_VALUES: number = 2 ** 25;

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const MAX_FLOAT32 = 3.4028234663852886e38;

interface Cell {
  readonly column: string;
  readonly line: number;
}

/**
 * Turns CSV records into numbers. A row belongs to the set its split cell names; an empty split cell leaves the row
 * out, any other word is refused. A row with an empty label, or an empty feature that has no `impute`, is dropped or
 * refused as the spec's `missing` says. Columns that the spec does not name are not looked at.
 */
export class TableReader {
  readonly #file: string;
  readonly #data: DataSpec;
  readonly #train: RawSet = { values: [], labels: [] };
  readonly #test: RawSet = { values: [], labels: [] };
  #header: Map<string, number> | undefined;

  constructor(file: string, data: DataSpec) {
    this.#file = file;
    this.#data = data;
  }

  /** Takes the next record; the first one is the header. */
  record(cells: readonly string[], line: number): void {
    if (this.#header === undefined) {
      this.#header = this.#readHeader(cells, line);
      return;
    }
    if (cells.length !== this.#header.size) {
      const reason = `${cells.length} cells, but the header has ${this.#header.size}`;
      throw new TallyError('DATA_CSV_MALFORMED', { file: this.#file, line, reason });
    }
    const set = this.#setOf(this.#text(cells, this.#data.split.column), line);
    if (set !== undefined) this.#addRow(set, cells, line);
  }

  /** The table once every record was given. */
  table(): Table {
    if (this.#header === undefined) {
      throw new TallyError('DATA_CSV_MALFORMED', {
        file: this.#file,
        line: 1,
        reason: 'no header',
      });
    }
    return { train: this.#train, test: this.#test };
  }

  #readHeader(cells: readonly string[], line: number): Map<string, number> {
    const header = new Map<string, number>();
    for (const [position, cell] of cells.entries()) {
      const column = cell.trim();
      if (header.has(column)) {
        const reason = `the header names column ${show(column)} twice`;
        throw new TallyError('DATA_CSV_MALFORMED', { file: this.#file, line, reason });
      }
      header.set(column, position);
    }
    const { split, label, features } = this.#data;
    for (const column of [split.column, label.column, ...features.map((f) => f.column)]) {
      if (header.has(column)) continue;
      const columns = [...header.keys()].join(', ').slice(0, 500);
      throw new TallyError('DATA_COLUMN_MISSING', { file: this.#file, column, columns });
    }
    return header;
  }

  #setOf(word: string, line: number): RawSet | undefined {
    const { column, train, test } = this.#data.split;
    if (word === train) return this.#train;
    if (word === test) return this.#test;
    if (word === '') return undefined;
    throw this.#invalid({ column, line }, word, `${show(train)}, ${show(test)} or empty`);
  }

  #addRow(set: RawSet, cells: readonly string[], line: number): void {
    const { label, features, missing } = this.#data;
    const row = features.map(({ column }) => this.#number(cells, { column, line }));
    const target = this.#target(cells, line);
    const gap = features.find((f, i) => f.impute === undefined && Number.isNaN(row[i]))?.column;
    const empty = gap ?? (Number.isNaN(target) ? label.column : undefined);
    if (empty !== undefined) {
      if (missing === 'drop') return;
      throw new TallyError('DATA_CELL_MISSING', { file: this.#file, line, column: empty });
    }
    const held = this.#train.values.length + this.#test.values.length;
    if (held + row.length > MAX_RAW_VALUES) {
      const meta = { file: this.#file, limit: MAX_RAW_VALUES, what: 'feature cells' };
      throw new TallyError('DATA_TOO_LARGE', meta);
    }
    set.values.push(...row);
    set.labels.push(target);
  }

  /** The label as a class index or a value; NaN when the cell is empty. */
  #target(cells: readonly string[], line: number): number {
    const { label } = this.#data;
    const value = this.#number(cells, { column: label.column, line });
    if (Number.isNaN(value)) return value;
    if ('above' in label) return value > label.above ? 1 : 0;
    if ('value' in label) return value;
    const index = label.classes.indexOf(value);
    if (index >= 0) return index;
    const classes = label.classes.slice(0, 20).join(', ');
    throw this.#invalid({ column: label.column, line }, String(value), `one of ${classes}`);
  }

  /** NaN when the cell is empty. */
  #number(cells: readonly string[], cell: Cell): number {
    const text = this.#text(cells, cell.column);
    if (text === '') return Number.NaN;
    const value = NUMBER.test(text) ? Number(text) : Number.NaN;
    if (Math.abs(value) <= MAX_FLOAT32) return value;
    const want = Number.isNaN(value) ? 'a number' : 'a number that fits 32 bits';
    throw this.#invalid(cell, text, want);
  }

  #text(cells: readonly string[], column: string): string {
    return cells[this.#header?.get(column) ?? -1]?.trim() ?? '';
  }

  #invalid(cell: Cell, text: string, want: string): TallyError {
    const meta = {
      file: this.#file,
      line: cell.line,
      column: cell.column,
      value: show(text),
      want,
    };
    return new TallyError('DATA_CELL_INVALID', meta);
  }
}

/** A cell in an error text, at most 40 characters of it. */
function show(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
