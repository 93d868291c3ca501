import type { AuditReport } from './report.js';
import { type Sentence, sentencesOf } from './sentences.js';

/** Lines of the table begin with the id of their fact. */
function lineOf({ text, facts }: Sentence): string {
  const isRow = /^V\d/.test(facts[0]) && text.startsWith(`${facts[0]} `);
  return isRow ? text : `${text}  [${facts.join(' ')}]`;
}

/**
 * The report as plain lines for people; no colour, no width limit, stable enough to compare. Every line says in brackets
 * which facts of `report.facts` it rests on; the last one is the verdict.
 */
export function renderReport(report: AuditReport): string[] {
  const sections = sentencesOf(report).filter((lines) => lines.length > 0);
  return sections.flatMap((lines, i) => [...(i === 0 ? [] : ['']), ...lines.map(lineOf)]);
}
