import { EXIT } from '@tallystick/kernel';
import type { ConsoleOutput } from '../console-output.js';
import type { Check } from './check.js';

/** Prints the lines; fails when one of them does. */
export function sayChecks(output: ConsoleOutput, checks: readonly Check[]): number {
  const { green, yellow, red } = output.colours;
  const marks = { ok: green('ok  '), warn: yellow('warn'), fail: red('fail') } as const;
  for (const { status, what, hint } of checks) {
    output.say(`${marks[status]} ${what}`);
    if (hint !== undefined) output.say(`     → ${hint}`);
  }
  const count = (status: Check['status']): number =>
    checks.filter((one) => one.status === status).length;
  output.result({ checks, failed: count('fail'), warned: count('warn') });
  return count('fail') === 0 ? EXIT.ok : EXIT.config;
}
