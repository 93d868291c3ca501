import { EXIT, isTallyError, TallyError } from '@tallystick/kernel';
import { SiteLink } from '@tallystick/protocol';
import { CoordinatorApi, readDoorFile } from '@tallystick/site';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type CommandContext, type MakeContext, runCommand } from '../command-context.js';

const TIMEOUT_MS = 5_000;

/** `tally node page`: a link that opens the page of a running site, once. */
export function addPage(node: Command, makeContext: MakeContext): void {
  node
    .command('page')
    .description('print a link that opens the page of this site, once, for ten minutes')
    .option('--folder <dir>', 'folder of the site: keys, node.yaml, log', './site')
    .addHelpText('after', '\nExample:\n  tally node page --folder ./site')
    .action(async (_options: unknown, command: Command) => {
      const folder = resolve(command.opts<{ folder: string }>().folder);
      await runCommand(command, makeContext, (context) => sayLink(folder, context));
    });
}

async function sayLink(folder: string, { output, signal }: CommandContext): Promise<number> {
  const { url, key } = await readDoorFile(folder);
  const api = new CoordinatorApi({ url, token: () => key, timeoutMs: TIMEOUT_MS });
  const request = { path: 'auth/tickets', body: {} };
  const { link } = await api.post(SiteLink, request, signal).catch((error: unknown) => {
    // a node that was killed leaves its file behind
    if (isTallyError(error, 'NET_UNREACHABLE'))
      throw new TallyError('USAGE_NO_PAGE', { folder }, error);
    throw error;
  });
  output.say(link);
  output.result({ link });
  return EXIT.ok;
}
