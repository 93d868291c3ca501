import { randomBytes } from 'node:crypto';
import { EXIT, TallyError } from '@tallystick/kernel';
import { ChangeUserRequest, NewUserRequest, type UserView } from '@tallystick/protocol';
import type { Command } from 'commander';
import { connectApi } from '../api/connect-api.js';
import { checked } from '../checked.js';
import { type CommandContext, type MakeContext, runCommand } from '../command-context.js';
import { addGroup } from './group-commands.js';

/** `tally people list|add|disable|role`, `tally people group list|set|remove`. */
export function addPeople(program: Command, makeContext: MakeContext): void {
  const people = program.command('people').description('who may sign in, and what they may do');
  people
    .command('list')
    .description('all users and their roles')
    .addHelpText('after', '\nExample:\n  tally people list')
    .action(async (_options: unknown, command: Command) => {
      await runCommand(command, makeContext, async (context, globals) =>
        sayUsers((await (await connectApi(globals, context)).people()).users, context),
      );
    });
  addAdd(people, makeContext);
  addGroup(people, makeContext);
  people
    .command('disable')
    .description('end somebody’s sessions and tokens, and let them in no more')
    .argument('<name>', 'name or id')
    .addHelpText('after', '\nExample:\n  tally people disable ada')
    .action(async (name: string, _options: unknown, command: Command) => {
      await change(name, { disabled: true }, { command, makeContext });
    });
  people
    .command('role')
    .description('give somebody another role')
    .argument('<name>', 'name or id')
    .argument('<role>', 'admin, researcher, auditor or site')
    .option('--organisation <name>', 'of the role site')
    .addHelpText('after', '\nExample:\n  tally people role ada auditor')
    .action(async (name: string, role: string, _options: unknown, command: Command) => {
      const { organisation } = command.opts<{ organisation?: string }>();
      await change(name, { role, organisation }, { command, makeContext });
    });
}

function addAdd(people: Command, makeContext: MakeContext): void {
  people
    .command('add')
    .description('add a user with a password, which is printed once')
    .argument('<name>', 'what they sign in with')
    .requiredOption('--role <role>', 'admin, researcher, auditor or site')
    .option('--organisation <name>', 'of the role site')
    .addHelpText('after', '\nExample:\n  tally people add ada --role researcher')
    .action(async (name: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, async (context, globals) => {
        const { role, organisation } = command.opts<{ role: string; organisation?: string }>();
        const password = randomBytes(18).toString('base64url');
        const request = checked(NewUserRequest, { name, role, organisation, password });
        const user = await (await connectApi(globals, context)).addUser(request);
        const { output } = context;
        output.say(`${user.name} is ${user.role}; password, shown once: ${password}`);
        output.result({ ...user, password });
        return EXIT.ok;
      });
    });
}

async function change(
  who: string,
  changes: unknown,
  { command, makeContext }: { readonly command: Command; readonly makeContext: MakeContext },
): Promise<void> {
  await runCommand(command, makeContext, async (context, globals) => {
    const request = checked(ChangeUserRequest, changes);
    const api = await connectApi(globals, context);
    const { users } = await api.people();
    const named = users.filter(({ id, name }) => id === who || name === who);
    const [user] = named;
    if (user === undefined) throw new TallyError('USAGE_UNKNOWN_USER', { user: who });
    if (named.length > 1) {
      const detail = `${named.length} users are called ${who}; give the id`;
      throw new TallyError('USAGE_INVALID', { detail });
    }
    return sayUsers([await api.changeUser(user.id, request)], context);
  });
}

function sayUsers(users: readonly UserView[], { output }: CommandContext): number {
  output.table(
    ['id', 'name', 'role', 'organisation', 'from', 'may sign in'],
    users.map(({ id, name, role, organisation, source, disabledAt }) => [
      ...[id, name, role, organisation ?? '–', source],
      disabledAt === null ? 'yes' : 'no',
    ]),
  );
  output.result(users);
  return EXIT.ok;
}
