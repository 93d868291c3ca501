import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addDataset, join as joinFederation, loadSiteConfig, readNodeLog } from '@tallystick/site';
import type { NodeList } from '@tallystick/protocol';
import type { Command } from 'commander';
import { connectApi } from '../api/connect-api.js';
import { type CommandContext, type MakeContext, runCommand } from '../command-context.js';
import { EXIT } from '@tallystick/kernel';
import { diagnoseSite } from '../doctor/diagnose-site.js';
import { sayChecks } from '../doctor/say-checks.js';
import { accountOf } from '../options.js';
import { addConsent } from './consent-commands.js';
import { addNodeChanges } from './node-change-commands.js';
import { addPage } from './page-command.js';

const CLIENT_NODE = fileURLToPath(new URL('../../../client-node/dist/main.js', import.meta.url));

/** `tally node invite|join|start|page|doctor|list|log`, `tally node consent …` and `tally node dataset add`. */
export function addNode(program: Command, makeContext: MakeContext): void {
  const node = program.command('node').description('sites and their nodes');
  addInvite(node, makeContext);
  addJoin(node, makeContext);
  addStart(node, makeContext);
  addViews(node, makeContext);
  addNodeChanges(node, makeContext);
  addPage(node, makeContext);
  addConsent(node, makeContext);
  const dataset = node.command('dataset').description('named datasets of a site');
  withFolder(dataset.command('add'))
    .description('give a CSV file a name that runs can ask for')
    .argument('<name>', 'for example heart')
    .argument('<file>', 'CSV with a header line')
    .addHelpText('after', '\nExample:\n  tally node dataset add heart ./heart.csv --folder ./site')
    .action(async (name: string, file: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, async ({ output }) => {
        const config = await addDataset(folderOf(command), name, resolve(file));
        output.say(`dataset ${name} → ${config.datasets[name]}`);
        output.result({ datasets: config.datasets });
        return EXIT.ok;
      });
    });
}

function withFolder(command: Command): Command {
  return command.option('--folder <dir>', 'folder of the site: keys, node.yaml, log', './site');
}

function folderOf(command: Command): string {
  return resolve(command.opts<{ folder: string }>().folder);
}

function addInvite(node: Command, makeContext: MakeContext): void {
  node
    .command('invite')
    .description('make a one-time token for a node of an organisation')
    .argument('<organisation>', 'its name; a new one is registered on the chain')
    .option('--payout <account>', 'account that a new organisation is paid on, 64 hex digits')
    .addHelpText('after', '\nExample:\n  tally node invite "VA Medical Center"')
    .action(async (organisation: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, async (context, globals) => {
        const { output } = context;
        const { payout } = command.opts<{ payout?: string }>();
        const account = payout === undefined ? undefined : accountOf(payout);
        const invite = await (await connectApi(globals, context)).invite(organisation, account);
        output.say(invite.token);
        output.say(`valid once, until ${new Date(invite.expiresAtMs).toISOString()}`);
        output.result(invite);
        return EXIT.ok;
      });
    });
}

function addJoin(node: Command, makeContext: MakeContext): void {
  withFolder(node.command('join'))
    .description('make this site’s keys and register its node')
    .argument('[url]', 'the coordinator; default: the address in the token')
    .requiredOption('--token <token>', 'what `tally node invite` printed')
    .requiredOption('--name <name>', 'name of the node: lower-case letters, digits and -')
    .addHelpText(
      'after',
      '\nExample:\n  tally node join https://coordinator.example --token … --name va --folder ./site',
    )
    .action(async (url: string | undefined, _options: unknown, command: Command) => {
      const { token, name } = command.opts<{ token: string; name: string }>();
      await runCommand(command, makeContext, async ({ output, proxy, signal }) => {
        const folder = folderOf(command);
        const where = url === undefined ? {} : { url };
        const joined = await joinFederation({ folder, token, name, proxy, ...where }, signal);
        output.say(`node ${joined.node} of ${joined.organisation.name}`);
        output.say(`node key         ${joined.nodeKey}`);
        output.say(`owner key        ${joined.ownerKey} (keep ${folder}/owner.key offline)`);
        output.say(`coordinator key  ${joined.coordinatorKey} (compare it with the operator’s)`);
        output.say(
          `Next: tally node dataset add <name> <file.csv> --folder ${folder}, edit node.yaml, tally node start`,
        );
        output.result(joined);
        return EXIT.ok;
      });
    });
}

function addStart(node: Command, makeContext: MakeContext): void {
  withFolder(node.command('start'))
    .description('run the node of this site')
    .addHelpText('after', '\nExample:\n  tally node start --folder ./site')
    .action(async (_options: unknown, command: Command) => {
      await runCommand(command, makeContext, async ({ signal }) => {
        const args = [CLIENT_NODE, '--folder', folderOf(command)];
        const child = spawn(process.execPath, args, { stdio: 'inherit', detached: true });
        signal.addEventListener('abort', () => child.kill('SIGTERM'));
        const [code] = (await once(child, 'exit')) as [number | null];
        return code ?? EXIT.internal;
      });
    });
}

function addViews(node: Command, makeContext: MakeContext): void {
  node
    .command('list')
    .description('all nodes of the federation')
    .addHelpText('after', '\nExample:\n  tally node list')
    .action(async (_options: unknown, command: Command) => {
      await runCommand(command, makeContext, async (context, globals) =>
        sayNodes(await (await connectApi(globals, context)).nodes(), context),
      );
    });
  withFolder(node.command('doctor'))
    .description('what is missing before this site can take part')
    .addHelpText('after', '\nExample:\n  tally node doctor --folder ./site')
    .action(async (_options: unknown, command: Command) => {
      await runCommand(command, makeContext, async ({ output, proxy }) =>
        sayChecks(output, await diagnoseSite(folderOf(command), proxy)),
      );
    });
  withFolder(node.command('log'))
    .description('what this site signed and was promised')
    .addHelpText('after', '\nExample:\n  tally node log --folder ./site')
    .action(async (_options: unknown, command: Command) => {
      await runCommand(command, makeContext, (context) => sayLog(folderOf(command), context));
    });
}

function sayNodes(nodes: NodeList['nodes'], { output }: CommandContext): number {
  output.table(
    ['node', 'name', 'organisation', 'status', 'connected'],
    nodes.map((view) => [
      String(view.node),
      view.name,
      view.organisation.name,
      view.status,
      view.connected ? 'yes' : 'no',
    ]),
  );
  output.result(nodes);
  return EXIT.ok;
}

async function sayLog(folder: string, { output }: CommandContext): Promise<number> {
  const { name } = await loadSiteConfig(folder);
  const { node, receipts, declines, promises, headers, evidence } = await readNodeLog(
    join(folder, 'receipts.log'),
  );
  const counts = {
    receipts: receipts.length,
    declines: declines.length,
    promises: promises.length,
    headers: headers.length,
  };
  const words = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
  output.say(`node ${node} (${name}): ${words.join(', ')}`);
  for (const { run, round, code, detail } of evidence) {
    output.say(output.colours.red(`run ${run} round ${round}: ${code} ${detail}`));
  }
  output.result({ node, ...counts, evidence });
  return EXIT.ok;
}
