import { isTallyError } from '@tallystick/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CsvParser, MAX_COLUMNS, MAX_RECORD_CHARS } from './csv-parser.js';

function parse(...pieces: readonly string[]): { cells: readonly string[]; line: number }[] {
  const records: { cells: readonly string[]; line: number }[] = [];
  const parser = new CsvParser('a.csv', (cells, line) => records.push({ cells, line }));
  for (const piece of pieces) parser.push(piece);
  parser.end();
  return records;
}

function refusal(...pieces: readonly string[]): string {
  try {
    parse(...pieces);
  } catch (error) {
    if (isTallyError(error, 'DATA_CSV_MALFORMED')) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('CsvParser', () => {
  it('reads plain cells, LF and CRLF, with or without a last line end', () => {
    const want = [
      { cells: ['a', 'b'], line: 1 },
      { cells: ['1', ''], line: 2 },
    ];
    expect(parse('a,b\n1,\n')).toEqual(want);
    expect(parse('a,b\r\n1,\r\n')).toEqual(want);
    expect(parse('a,b\n1,')).toEqual(want);
  });

  it('reads quoted cells with commas, quotes and line breaks, and keeps count of lines', () => {
    expect(parse('x,"a ""b"", c"\n"two\nlines",""\n3,4')).toEqual([
      { cells: ['x', 'a "b", c'], line: 1 },
      { cells: ['two\nlines', ''], line: 2 },
      { cells: ['3', '4'], line: 4 },
    ]);
  });

  it('skips a byte order mark and blank lines, but not an empty quoted cell', () => {
    expect(parse('\uFEFFa\n\n\r\n""\n').map((r) => r.cells)).toEqual([['a'], ['']]);
  });

  it('does not care how the text was cut into pieces', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 4 })),
        fc.array(fc.nat(40), { maxLength: 8 }),
        (rows, cuts) => {
          const quoted = rows.map((row) => row.map((c) => `"${c.replaceAll('"', '""')}"`));
          const text = quoted.map((row) => `${row.join(',')}\r\n`).join('');
          const at = cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b);
          const pieces = [0, ...at].map((from, i) => text.slice(from, at[i] ?? text.length));
          expect(parse(...pieces).map((record) => record.cells)).toEqual(rows);
        },
      ),
    );
  });

  it.each([
    ['an open quote', ['a,b\n1,"2\n3,4\n'], 'a.csv line 2: a quote is not closed'],
    ['text after a quote', ['"a"b\n'], 'a.csv line 1: text after a closing quote'],
    ['a quote inside a cell', ['ok\na"b\n'], 'a.csv line 2: a quote inside a cell'],
    ['a lone carriage return', ['a\rb\n'], 'a.csv line 1: a carriage return without a line feed'],
    ['a carriage return at the end', ['a\r'], 'a carriage return without a line feed'],
  ])('refuses %s', (_, pieces, message) => {
    expect(refusal(...pieces)).toContain(message);
  });

  it('bounds a record and its columns', () => {
    expect(refusal('a\n"', 'x'.repeat(MAX_RECORD_CHARS))).toContain(
      'line 2: a record of more than',
    );
    expect(refusal(','.repeat(MAX_COLUMNS))).toContain('more than 16384 columns');
  });
});
