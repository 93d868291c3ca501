import { type AuditReport, renderReport } from '@tallystick/audit';
import type { ConsoleOutput } from '../console-output.js';

/** The audit's report, its last line, the verdict, in colour. */
export function sayReport(output: ConsoleOutput, report: AuditReport): void {
  const { bold, green, red } = output.colours;
  const lines = renderReport(report);
  for (const line of lines.slice(0, -1)) output.say(line);
  const paint = report.verdict === 'FAILED' ? red : green;
  output.say(paint(bold(lines.at(-1) ?? '')));
}
