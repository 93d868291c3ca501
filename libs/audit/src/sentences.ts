import type { AnchorReport } from './anchors.js';
import type { Culprit, Finding } from './findings.js';
import { type AuditReport, EMBEDDED_LIMITS, NOT_PROVED, type StepResult } from './report.js';

/** A line of the report and the facts it rests on: ids of `report.facts`. */
export interface Sentence {
  readonly text: string;
  readonly facts: readonly [string, ...string[]];
}

const MARKS: Readonly<Record<StepResult['outcome'], string>> = {
  passed: 'ok',
  failed: 'FAILED',
  'not reached': '-',
};
/** Columns of the table. */
const MARK_WIDTH = 6;
const COUNT_WIDTH = 6;

function sentence(text: string, ...facts: readonly [string, ...string[]]): Sentence {
  return { text, facts };
}

/** What the report says, section by section. */
export function sentencesOf(report: AuditReport): readonly (readonly Sentence[])[] {
  return [
    headLines(report),
    report.steps.map(stepLine),
    report.finding === null ? [] : findingLines(report.finding),
    report.damaged.map((file, i) => sentence(`damaged: ${file}`, `damaged.${i}`)),
    report.anchors === null ? [] : anchorLines(report.anchors),
    report.notIncluded.map(({ node, rounds }) =>
      sentence(
        `node ${node} was asked and not included in ${countOf(rounds, 'round')}`,
        `notIncluded.${node}`,
      ),
    ),
    report.notes.map((note, i) => sentence(`note: ${note}`, `note.${i}`)),
    report.finding === null ? limitLines(report) : [],
    [
      sentence('Nobody can prove from evidence:', 'method'),
      ...NOT_PROVED.map((text) => sentence(`  ${text}`, 'method')),
    ],
    [verdictLine(report)],
  ];
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function headLines(report: AuditReport): readonly Sentence[] {
  const { run, genesis, head, rounds, emptyRounds, plannedRounds, model } = report;
  const planned = plannedRounds === null ? '' : ` of ${plannedRounds} planned`;
  const empty = emptyRounds === 0 ? '' : `, and ${countOf(emptyRounds, 'empty round')}`;
  const counted = countOf(rounds - emptyRounds, 'round');
  return [
    sentence(
      `run      ${run}: ${counted}${planned}${empty}`,
      ...(['run', 'rounds', 'emptyRounds', 'plannedRounds'] as const),
    ),
    sentence(`genesis  ${genesis ?? 'not recomputed'}`, 'genesis'),
    sentence(`head     ${head ?? 'not recomputed'}`, 'head'),
    sentence(`model    ${model ?? 'not recomputed'}`, 'model'),
  ];
}

function stepLine({ step, title, outcome, checked }: StepResult): Sentence {
  const count = outcome === 'passed' ? String(checked) : '';
  const mark = MARKS[outcome].padEnd(MARK_WIDTH);
  return sentence(`${step.padEnd(3)} ${mark} ${count.padStart(COUNT_WIDTH)}  ${title}`, step);
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

function findingLines({ step, round, record, expected, found, by }: Finding): readonly Sentence[] {
  const where = round === undefined ? '' : `, round ${round}`;
  return [
    sentence(`${step}${where}: ${record} does not fit.`, step, 'finding.record'),
    sentence(`  expected  ${expected}`, 'finding.expected'),
    sentence(`  found     ${found}`, 'finding.found'),
    sentence(`  ${blame(by)}`, 'finding.by'),
  ];
}

function anchorLines(anchors: AnchorReport): readonly Sentence[] {
  const { genesis, head, anchored, unanchored, lastHeader } = anchors;
  const { headersChecked, promisesChecked, receiptsChecked } = anchors;
  const nodes = (list: readonly number[]): string => (list.length === 0 ? 'none' : list.join(', '));
  const logs = [
    countOf(headersChecked, 'header'),
    countOf(promisesChecked, 'promise'),
    countOf(receiptsChecked, 'receipt'),
  ];
  const held = ['headers', 'promises', 'receipts'].map((what) => `anchors.${what}`);
  return [
    sentence('Held by outsiders and compared:', 'anchors.genesis', 'anchors.head', ...held),
    sentence(
      `  genesis ${genesis ? 'yes' : 'no'}, a block ${head ? 'yes' : 'no'}, ${logs.join(', ')}`,
      ...(['anchors.genesis', 'anchors.head', ...held] as const),
    ),
    sentence(
      `  keys of counted nodes: ${nodes(anchored)}; without an anchor: ${nodes(unanchored)}`,
      ...(['anchors.nodes', 'anchors.missing'] as const),
    ),
    sentence(
      lastHeader === null
        ? '  no header: the whole history rests on what the operator gave you'
        : `  headers up to round ${lastHeader}: what follows rests on what the operator gave you`,
      'anchors.lastHeader',
    ),
  ];
}

function limitLines({ chain }: AuditReport): readonly Sentence[] {
  if (chain === null) return [];
  const { blocks, authorities, embedded, sudo, runtimes } = chain;
  const facts = `${countOf(blocks, 'block')}, ${countOf(authorities, 'authority key')}, runtime ${runtimes.join(', ') || 'none'}`;
  const ids = ['chain.embedded', 'chain.blocks', 'chain.authorities', 'chain.runtimes'] as const;
  if (!embedded) return [sentence(`The chain: ${facts}.`, ...ids)];
  return [
    sentence(`The chain is embedded: ${facts}. Its one operator`, ...ids),
    ...EMBEDDED_LIMITS.could.map((text) => sentence(`  could     ${text}`, 'chain.embedded')),
    ...(sudo ? [sentence('  could     write any state with the Sudo key', 'chain.sudo')] : []),
    ...EMBEDDED_LIMITS.couldNot.map((text) => sentence(`  could not ${text}`, 'chain.embedded')),
  ];
}

function verdictLine({ summary, finding, anchors }: AuditReport): Sentence {
  if (finding !== null) return sentence(summary, 'verdict', finding.step, 'finding.record');
  const rest = anchors === null ? [] : ['anchors.genesis', 'anchors.missing'];
  return sentence(summary, 'verdict', ...rest);
}
