import { type AuditReport, EMBEDDED_LIMITS, NOT_PROVED } from '@tallystick/audit';
import type { ConsoleOutput } from '../console-output.js';

/** The audit's table, its verdict, and what no audit of this kind can say. */
export function sayReport(output: ConsoleOutput, report: AuditReport): void {
  const { colours } = output;
  output.say(
    `run ${report.run}, ${report.rounds} rounds (${report.emptyRounds} empty), genesis ${report.genesis}`,
  );
  output.table(
    ['step', 'recomputed', 'checked', ''],
    report.steps.map(({ step, title, checked, outcome }) => [
      step,
      title,
      outcome === 'passed' ? String(checked) : '–',
      outcome === 'passed' ? colours.green(outcome) : colours.red(outcome),
    ]),
  );
  if (report.anchors !== null) {
    const { anchored, headersChecked, promisesChecked } = report.anchors;
    output.say(
      `anchors: ${anchored.length} node keys, ${headersChecked} headers and ${promisesChecked} promises that sites hold`,
    );
  }
  for (const { node, rounds } of report.notIncluded) {
    output.say(`node ${node} was asked and not included in ${rounds} rounds`);
  }
  output.say(`The one operator of this chain could have: ${EMBEDDED_LIMITS.could.join('; ')}.`);
  output.say(`It could not: ${EMBEDDED_LIMITS.couldNot.join('; ')}.`);
  output.say(`Nobody can prove ${NOT_PROVED.join(', ')}.`);
  const paint = report.verdict === 'FAILED' ? colours.red : colours.green;
  output.say(paint(colours.bold(report.summary)));
}
