import { resolve } from 'node:path';
import { asNodeId, EXIT, TallyError } from '@tallystick/kernel';
import { revokeOwnNode, rotateNodeKey } from '@tallystick/site';
import type { Command } from 'commander';
import { connectApi } from '../api/connect-api.js';
import {
  type CommandContext,
  type GlobalOptions,
  type MakeContext,
  runCommand,
} from '../command-context.js';

/** `tally node key rotate` and `tally node revoke`. */
export function addNodeChanges(node: Command, makeContext: MakeContext): void {
  node
    .command('key')
    .description('the key that a site signs receipts with')
    .command('rotate')
    .description('give this site’s node a new key; the running node goes over to it by itself')
    .option('--folder <dir>', 'folder of the site: owner key, node.yaml, log', './site')
    .addHelpText('after', '\nExample:\n  tally node key rotate --folder ./site')
    .action(async (_options: unknown, command: Command) => {
      await runCommand(command, makeContext, (context) => rotate(folderOf(command), context));
    });
  node
    .command('revoke')
    .description('take a node out for ever: the operator by its number, its owner by its folder')
    .argument('[node]', 'its number; `tally node list` shows it')
    .option('--folder <dir>', 'folder of the site, whose owner key then says so')
    .addHelpText('after', '\nExample:\n  tally node revoke 3\n  tally node revoke --folder ./site')
    .action(async (number: string | undefined, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, (context, globals) =>
        revoke({ number, ...command.opts<{ folder?: string }>() }, context, globals),
      );
    });
}

function folderOf(command: Command): string {
  return resolve(command.opts<{ folder: string }>().folder);
}

async function rotate(folder: string, { output, proxy, signal }: CommandContext): Promise<number> {
  const rotated = await rotateNodeKey({ folder, proxy }, signal);
  const { node, key, keyEpoch } = rotated;
  output.say(`node ${node} has key ${key} (epoch ${keyEpoch})`);
  output.say(
    'The running node takes it up between two tasks; what the old key signed stays valid.',
  );
  output.result(rotated);
  return EXIT.ok;
}

async function revoke(
  { number, folder }: { readonly number: string | undefined; readonly folder?: string },
  context: CommandContext,
  globals: GlobalOptions,
): Promise<number> {
  if ((number === undefined) === (folder === undefined)) {
    const detail = 'name either the number of a node or, as its owner, --folder';
    throw new TallyError('USAGE_INVALID', { detail });
  }
  const { output, proxy, signal } = context;
  const view =
    folder === undefined
      ? await (await connectApi(globals, context)).revokeNode(nodeOf(number ?? ''))
      : await revokeOwnNode({ folder: resolve(folder), proxy }, signal);
  output.say(`node ${view.node} (${view.name}) is revoked: it takes part in no later round`);
  output.result(view);
  return EXIT.ok;
}

function nodeOf(text: string) {
  if (/^\d{1,9}$/.test(text)) return asNodeId(Number(text));
  throw new TallyError('USAGE_INVALID', { detail: `${text} is no number of a node` });
}
