import type { AnchorReport } from './anchors.js';
import type { Culprit, Finding } from './findings.js';
import { type AuditReport, EMBEDDED_LIMITS, NOT_PROVED, type StepResult } from './report.js';

const MARKS: Readonly<Record<StepResult['outcome'], string>> = {
  passed: 'ok',
  failed: 'FAILED',
  'not reached': '-',
};
/** Columns of the table. */
const MARK_WIDTH = 6;
const COUNT_WIDTH = 6;

/** The report as plain lines for people; no colour, no width limit, stable enough to compare. */
export function renderReport(report: AuditReport): string[] {
  const sections = [
    headLines(report),
    report.steps.map(stepLine),
    report.finding === null ? [] : findingLines(report.finding),
    report.damaged.map((file) => `damaged: ${file}`),
    report.anchors === null ? [] : anchorLines(report.anchors),
    report.notIncluded.map(
      ({ node, rounds }) =>
        `node ${node} was asked and not included in ${countOf(rounds, 'round')}`,
    ),
    report.notes.map((note) => `note: ${note}`),
    report.finding === null ? limitLines(report) : [],
    ['Nobody can prove from evidence:', ...NOT_PROVED.map((text) => `  ${text}`)],
    [report.summary],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .flatMap((lines, i) => (i === 0 ? lines : ['', ...lines]));
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function headLines(report: AuditReport): string[] {
  const { run, genesis, head, rounds, emptyRounds, plannedRounds, model } = report;
  const planned = plannedRounds === null ? '' : ` of ${plannedRounds} planned`;
  const empty = emptyRounds === 0 ? '' : `, and ${countOf(emptyRounds, 'empty round')}`;
  return [
    `run      ${run}: ${countOf(rounds - emptyRounds, 'round')}${planned}${empty}`,
    `genesis  ${genesis ?? 'not recomputed'}`,
    `head     ${head ?? 'not recomputed'}`,
    `model    ${model ?? 'not recomputed'}`,
  ];
}

function stepLine({ step, title, outcome, checked }: StepResult): string {
  const count = outcome === 'passed' ? String(checked) : '';
  return `${step} ${MARKS[outcome].padEnd(MARK_WIDTH)} ${count.padStart(COUNT_WIDTH)}  ${title}`;
}

/** Who answers for it, in words. */
function blame(by: Culprit): string {
  switch (by) {
    case 'coordinator':
      return 'The coordinator answers for it: its key signed this round.';
    case 'chain operator':
      return 'The operator of the chain answers for it: its key sealed the block.';
    case 'holder of the files':
      return 'No signature covers it: whoever held the files could have changed it.';
    default:
      return `It is said in the name of ${by}, whose own log does not know it.`;
  }
}

function findingLines({ step, round, record, expected, found, by }: Finding): string[] {
  const where = round === undefined ? '' : `, round ${round}`;
  return [
    `${step}${where}: ${record} does not fit.`,
    `  expected  ${expected}`,
    `  found     ${found}`,
    `  ${blame(by)}`,
  ];
}

function anchorLines(anchors: AnchorReport): string[] {
  const { genesis, head, anchored, unanchored, lastHeader } = anchors;
  const { headersChecked, promisesChecked, receiptsChecked } = anchors;
  const nodes = (list: readonly number[]): string => (list.length === 0 ? 'none' : list.join(', '));
  const logs = [
    countOf(headersChecked, 'header'),
    countOf(promisesChecked, 'promise'),
    countOf(receiptsChecked, 'receipt'),
  ];
  return [
    'Held by outsiders and compared:',
    `  genesis ${genesis ? 'yes' : 'no'}, a block ${head ? 'yes' : 'no'}, ${logs.join(', ')}`,
    `  keys of counted nodes: ${nodes(anchored)}; without an anchor: ${nodes(unanchored)}`,
    lastHeader === null
      ? '  no header: the whole history rests on what the operator gave you'
      : `  headers up to round ${lastHeader}: what follows rests on what the operator gave you`,
  ];
}

function limitLines({ chain }: AuditReport): string[] {
  if (chain === null) return [];
  const { blocks, authorities, embedded, sudo, runtimes } = chain;
  const facts = `${countOf(blocks, 'block')}, ${countOf(authorities, 'authority key')}, runtime ${runtimes.join(', ') || 'none'}`;
  if (!embedded) return [`The chain: ${facts}.`];
  const could = [...EMBEDDED_LIMITS.could, ...(sudo ? ['write any state with the Sudo key'] : [])];
  return [
    `The chain is embedded: ${facts}. Its one operator`,
    ...could.map((text) => `  could     ${text}`),
    ...EMBEDDED_LIMITS.couldNot.map((text) => `  could not ${text}`),
  ];
}
