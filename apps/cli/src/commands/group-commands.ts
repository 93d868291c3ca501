import { EXIT } from '@tallystick/kernel';
import { GroupRequest } from '@tallystick/protocol';
import type { Command } from 'commander';
import { connectApi } from '../api/connect-api.js';
import { checked } from '../checked.js';
import { type MakeContext, runCommand } from '../command-context.js';

/** `tally people group list|set|remove`: roles of the identity provider's groups. */
export function addGroup(people: Command, makeContext: MakeContext): void {
  const group = people.command('group').description('what groups of the identity provider may do');
  addList(group, makeContext);
  addSet(group, makeContext);
  addRemove(group, makeContext);
}

function addList(group: Command, makeContext: MakeContext): void {
  group
    .command('list')
    .description('all groups with a role')
    .addHelpText('after', '\nExample:\n  tally people group list')
    .action(async (_options: unknown, command: Command) => {
      await runCommand(command, makeContext, async (context, globals) => {
        const { groups } = await (await connectApi(globals, context)).people();
        const rows = groups.map((row) => [row.group, row.role, row.organisation ?? '–']);
        context.output.table(['group', 'role', 'organisation'], rows);
        context.output.result(groups);
        return EXIT.ok;
      });
    });
}

function addSet(group: Command, makeContext: MakeContext): void {
  group
    .command('set')
    .description('give a group a role; it counts at the next sign-in of whoever is in it')
    .argument('<group>', 'as the provider calls it')
    .requiredOption('--role <role>', 'admin, researcher, auditor or site')
    .option('--organisation <name>', 'of the role site')
    .addHelpText('after', '\nExample:\n  tally people group set fl-researchers --role researcher')
    .action(async (name: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, async (context, globals) => {
        const { role, organisation } = command.opts<{ role: string; organisation?: string }>();
        const request = checked(GroupRequest, { role, organisation });
        await (await connectApi(globals, context)).putGroup(name, request);
        context.output.say(`whoever is in ${name} signs in as ${request.role}`);
        context.output.result({ group: name, ...request });
        return EXIT.ok;
      });
    });
}

function addRemove(group: Command, makeContext: MakeContext): void {
  group
    .command('remove')
    .description('take a group’s role; who is only in it signs in no more')
    .argument('<group>', 'as the provider calls it')
    .addHelpText('after', '\nExample:\n  tally people group remove fl-researchers')
    .action(async (name: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, async (context, globals) => {
        await (await connectApi(globals, context)).removeGroup(name);
        context.output.say(`${name} has no role any more`);
        context.output.result({ removed: name });
        return EXIT.ok;
      });
    });
}
