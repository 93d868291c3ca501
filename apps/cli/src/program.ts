import { Command } from 'commander';
import type { MakeContext } from './command-context.js';
import { addAudit } from './commands/audit-commands.js';
import { addChain } from './commands/chain-commands.js';
import { addDemo } from './commands/demo-command.js';
import { addDispute } from './commands/dispute-command.js';
import { addModel } from './commands/model-command.js';
import { addNode } from './commands/node-commands.js';
import { addPeople } from './commands/people-commands.js';
import { addRewards } from './commands/rewards-commands.js';
import { addRun } from './commands/run-commands.js';
import { addSimulate } from './commands/simulate-command.js';
import { addToken } from './commands/token-commands.js';
import { addUp } from './commands/up-command.js';

/** The whole command line of `tally`. */
export function buildProgram(makeContext: MakeContext): Command {
  const program = new Command('tally')
    .description('federated learning whose rounds anyone can recompute')
    .option('--json', 'JSON on stdout, its last line the result; words on stderr', false)
    .option('--data <dir>', 'data folder of the deployment', '.tally')
    .option('--server <url>', 'a coordinator elsewhere; its token comes from TALLY_TOKEN')
    .showSuggestionAfterError()
    .showHelpAfterError('(--help shows an example)')
    .exitOverride();
  for (const add of [
    addDemo,
    addUp,
    addRun,
    addModel,
    addNode,
    addRewards,
    addPeople,
    addToken,
    addDispute,
    addSimulate,
    addAudit,
    addChain,
  ]) {
    add(program, makeContext);
  }
  inheritGlobals(program);
  return program;
}

/** `--json` and `--data` may stand behind any command, as people write them. */
function inheritGlobals(program: Command): void {
  for (const command of program.commands) {
    if (command.commands.length > 0) inheritGlobals(command);
    command.exitOverride();
    command.option('--json', 'JSON on stdout, its last line the result');
    command.option('--data <dir>', 'data folder of the deployment');
    command.option('--server <url>', 'a coordinator elsewhere; its token comes from TALLY_TOKEN');
  }
}
