import { csvCell } from '../../parts/csv-cell.js';
import type { Compared } from './flatten.js';

/** RFC 4180. */
export function csvOf(heads: readonly string[], lines: readonly Compared[]): string {
  const rows = [
    ['', ...heads],
    ...lines.map(({ name, values }) => [name, ...values.map((value) => value ?? '')]),
  ];
  return rows.map((row) => row.map(csvCell).join(',')).join('\n');
}

/** A booktabs table. */
export function latexOf(heads: readonly string[], lines: readonly Compared[]): string {
  const row = (cells: readonly string[]): string => `${cells.map(latexText).join(' & ')} \\\\`;
  return [
    `\\begin{tabular}{l${'r'.repeat(heads.length)}}`,
    '\\toprule',
    row(['', ...heads]),
    '\\midrule',
    ...lines.map(({ name, values }) => row([name, ...values.map((value) => value ?? '–')])),
    '\\bottomrule',
    '\\end{tabular}',
  ].join('\n');
}

const LATEX: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
};

function latexText(text: string): string {
  return text.replace(/[\\~^&%$#_{}]/g, (sign) => LATEX[sign] ?? `\\${sign}`);
}
