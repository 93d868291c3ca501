import { EXIT, type PublicKey, TallyError } from '@tallystick/kernel';
import type { Command } from 'commander';
import { type CommandContext, type MakeContext, runCommand } from '../command-context.js';

/** `tally key list` and `tally key rotate`. */
export function addKey(program: Command, makeContext: MakeContext): void {
  const key = program.command('key').description('the coordinator key of a deployment');
  key
    .command('list')
    .description('the key that signs rounds, the one that is to follow, and those before')
    .addHelpText('after', '\nExample:\n  tally key list --data ./federation')
    .action(async (_options: unknown, command: Command) => {
      await runCommand(command, makeContext, (context, { data }) => list(data, context));
    });
  key
    .command('rotate')
    .description('make the key that is to follow; the next start of the coordinator takes it')
    .addHelpText(
      'after',
      '\nAt its start the coordinator puts the new key on the chain for every open run, from the run’s next round on.' +
        '\nIt waits for a later start while a closed round is not on the chain yet. Nodes accept the key from the chain' +
        '\nalone, so their node.yaml has to name one (`chain:`). The old key stays in <data>/keys: evidence of its' +
        '\nrounds is signed by it again.\n\nExample:\n  tally key rotate --data ./federation',
    )
    .action(async (_options: unknown, command: Command) => {
      await runCommand(command, makeContext, (context, { data }) => rotate(data, context));
    });
}

async function list(data: string, { output }: CommandContext): Promise<number> {
  const { coordinatorKeysIn, dataFolderPaths } = await import('@tallystick/sandbox');
  const keys = await coordinatorKeysIn(dataFolderPaths(data));
  if (keys === undefined) throw noDeployment(data);
  const rows: (readonly [string, PublicKey])[] = [
    ['signs', keys.current],
    ...(keys.next === undefined ? [] : [['is to follow', keys.next] as const]),
    ...keys.former.map((key) => ['was before', key] as const),
  ];
  output.table(['', 'key'], rows);
  output.result(keys);
  return EXIT.ok;
}

async function rotate(data: string, { output }: CommandContext): Promise<number> {
  const { coordinatorKeysIn, dataFolderPaths, makeNextCoordinator } =
    await import('@tallystick/sandbox');
  const folder = dataFolderPaths(data);
  const before = await coordinatorKeysIn(folder);
  if (before === undefined) throw noDeployment(data);
  const next = await makeNextCoordinator(folder);
  output.say(`now    ${before.current}`);
  output.say(`next   ${next}${before.next === next ? ', made before' : ''}`);
  output.say('Next: start the coordinator again. It says `key.promoted`, or `key.waits` and why.');
  output.result({ current: before.current, next });
  return EXIT.ok;
}

function noDeployment(data: string): TallyError {
  return new TallyError('USAGE_INVALID', { detail: `${data} holds no deployment: \`tally up\`` });
}
