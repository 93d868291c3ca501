import { EXIT } from '@tallystick/kernel';
import type { Command } from 'commander';
import { connectApi } from '../api/connect-api.js';
import { type MakeContext, runCommand } from '../command-context.js';
import { integerOption } from '../options.js';

/** `tally token create|list|revoke`. */
export function addToken(program: Command, makeContext: MakeContext): void {
  const token = program.command('token').description('tokens of your own for programs');
  addCreate(token, makeContext);
  addList(token, makeContext);
  addRevoke(token, makeContext);
}

function addCreate(token: Command, makeContext: MakeContext): void {
  token
    .command('create')
    .description('make a token; its text is printed once')
    .argument('<name>', 'what it is for')
    .requiredOption('--scopes <list>', 'permissions with commas between: run.read,model.read')
    .option('--days <n>', 'how long it is valid, at most 365', integerOption('--days'), 90)
    .addHelpText('after', '\nExample:\n  tally token create notebook --scopes run.read,run.launch')
    .action(async (name: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, async (context, globals) => {
        const { scopes, days } = command.opts<{ scopes: string; days: number }>();
        const request = { name, scopes: scopes.split(','), days };
        const made = await (await connectApi(globals, context)).addToken(request);
        context.output.say(made.token);
        context.output.say(`shown once; revoke it with \`tally token revoke ${made.id}\``);
        context.output.result(made);
        return EXIT.ok;
      });
    });
}

function addList(token: Command, makeContext: MakeContext): void {
  token
    .command('list')
    .description('your tokens')
    .addHelpText('after', '\nExample:\n  tally token list')
    .action(async (_options: unknown, command: Command) => {
      await runCommand(command, makeContext, async (context, globals) => {
        const tokens = await (await connectApi(globals, context)).tokens();
        context.output.table(
          ['id', 'name', 'scopes', 'expires', 'last used'],
          tokens.map(({ id, name, scopes, expiresAt, lastUsedAt }) => [
            ...[id, name, scopes.join(','), expiresAt, lastUsedAt ?? '–'],
          ]),
        );
        context.output.result(tokens);
        return EXIT.ok;
      });
    });
}

function addRevoke(token: Command, makeContext: MakeContext): void {
  token
    .command('revoke')
    .description('end a token')
    .argument('<id>', 'as `tally token list` shows it')
    .addHelpText('after', '\nExample:\n  tally token revoke 0123456789abcdef')
    .action(async (id: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, async (context, globals) => {
        await (await connectApi(globals, context)).revokeToken(id);
        context.output.say(`token ${id} is gone`);
        context.output.result({ revoked: id });
        return EXIT.ok;
      });
    });
}
