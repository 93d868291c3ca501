const SPECIAL: Readonly<Record<string, string>> = {
  '\\': String.raw`\textbackslash{}`,
  '~': String.raw`\textasciitilde{}`,
  '^': String.raw`\textasciicircum{}`,
};

/** A `tabular` of plain text cells: every character that LaTeX would act on is escaped. */
export function latexOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `${cells.map(escaped).join(' & ')} \\\\`;
  return [
    `\\begin{tabular}{l${'r'.repeat(head.length - 1)}}`,
    '\\hline',
    line(head),
    '\\hline',
    ...rows.map(line),
    '\\hline',
    '\\end{tabular}',
    '',
  ].join('\n');
}

function escaped(text: string): string {
  return text.replace(/[\\~^&%$#_{}]/g, (char) => SPECIAL[char] ?? `\\${char}`);
}
