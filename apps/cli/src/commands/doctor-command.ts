import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type MakeContext, runCommand } from '../command-context.js';
import { diagnoseDeployment } from '../doctor/diagnose-deployment.js';
import { sayChecks } from '../doctor/say-checks.js';

/** `tally doctor`: the operator's side; a site has `tally node doctor`. */
export function addDoctor(program: Command, makeContext: MakeContext): void {
  program
    .command('doctor')
    .description('what is wrong, or soon will be, with this coordinator and what it stands on')
    .addHelpText('after', '\nExample:\n  tally doctor --data ./federation')
    .action(async (_options: unknown, command: Command) => {
      await runCommand(command, makeContext, async (context, globals) => {
        const checks = await diagnoseDeployment(resolve(globals.data), globals, context);
        return sayChecks(context.output, checks);
      });
    });
}
