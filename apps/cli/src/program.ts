import { Command } from 'commander';
import type { MakeContext } from './command-context.js';
import { addAudit } from './commands/audit-commands.js';
import { addBackup } from './commands/backup-commands.js';
import { addChain } from './commands/chain-commands.js';
import { addCompletion } from './commands/completion-command.js';
import { addDemo } from './commands/demo-command.js';
import { addDispute } from './commands/dispute-command.js';
import { addDoctor } from './commands/doctor-command.js';
import { addHistory } from './commands/history-commands.js';
import { addKey } from './commands/key-commands.js';
import { addLogin } from './commands/login-command.js';
import { addModel } from './commands/model-command.js';
import { addNew } from './commands/new-command.js';
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
    .option('--server <url>', 'a coordinator elsewhere; default TALLY_URL, the token TALLY_TOKEN')
    .showSuggestionAfterError()
    .showHelpAfterError('(--help shows an example)')
    .exitOverride();
  for (const add of [
    addDemo,
    addUp,
    addBackup,
    addDoctor,
    addRuns,
    addModel,
    addNode,
    addRewards,
    addPeople,
    addToken,
    addDispute,
    addSimulate,
    addAudit,
    addChain,
    addKey,
    addNew,
    addLogin,
    addCompletion,
  ]) {
    add(program, makeContext);
  }
  inheritGlobals(program);
  return program;
}

function addRuns(program: Command, makeContext: MakeContext): void {
  addHistory(addRun(program, makeContext), makeContext);
}

/** `--json` and `--data` may stand behind any command, as people write them. */
function inheritGlobals(program: Command): void {
  for (const command of program.commands) {
    if (command.commands.length > 0) inheritGlobals(command);
    command.exitOverride();
    command.option('--json', 'JSON on stdout, its last line the result');
    command.option('--data <dir>', 'data folder of the deployment');
    command.option(
      '--server <url>',
      'a coordinator elsewhere; default TALLY_URL, the token TALLY_TOKEN',
    );
  }
}
