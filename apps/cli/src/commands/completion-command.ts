import { EXIT } from '@tallystick/kernel';
import { Argument, type Command } from 'commander';
import { type MakeContext, runCommand } from '../command-context.js';
import { bashCompletion } from '../completion/bash-completion.js';
import { commandTree } from '../completion/command-tree.js';
import { fishCompletion } from '../completion/fish-completion.js';
import { zshCompletion } from '../completion/zsh-completion.js';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };
type Shell = keyof typeof SHELLS;

/** `tally completion`. */
export function addCompletion(program: Command, makeContext: MakeContext): void {
  program
    .command('completion')
    .description('a script that completes commands and options in your shell')
    .addArgument(new Argument('<shell>', 'whose').choices(Object.keys(SHELLS)))
    .addHelpText('after', '\nExample:\n  tally completion bash >> ~/.bashrc')
    .action(async (shell: Shell, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, async ({ output }) => {
        const script = SHELLS[shell](commandTree(program));
        output.say(script.trimEnd());
        output.result({ shell, script });
        return EXIT.ok;
      });
    });
}
