type Value = string | number | null;

/** RFC 4180 text of `rows` below `head`, for spreadsheets: a name that they would run as a formula is shown as text. */
export function csvOf(head: readonly string[], rows: readonly (readonly Value[])[]): string {
  return [head, ...rows].map((row) => csvLine(row.map(guarded))).join('');
}

/** One record, ended by LF; a cell with a comma, quote or line break is quoted, a missing value is an empty cell. */
export function csvLine(cells: readonly Value[]): string {
  const texts = cells.map((value) => (value === null ? '' : String(value)));
  return `${texts.map((text) => (/[",\r\n]/.test(text) ? quoted(text) : text)).join(',')}\n`;
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** OWASP, CSV injection. */
function guarded(value: Value): Value {
  const isFormula = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) && !/^-?\d/.test(value);
  return isFormula ? `'${value}` : value;
}
