import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  type CommandContext,
  type GlobalOptions,
  type MakeContext,
  runCommand,
} from '../command-context.js';
import { Deployment } from '../deployment/deployment.js';
import { removeEndpoint, writeEndpoint } from '../deployment/endpoint-file.js';
import { EXIT } from '@tallystick/kernel';
import { integerOption } from '../options.js';

interface UpFlags {
  readonly port: number;
  readonly chainPort: number;
  readonly chainUrl?: string;
}

/** `tally up`: PostgreSQL, chain and coordinator of one data folder, until Ctrl-C. */
export function addUp(program: Command, makeContext: MakeContext): void {
  program
    .command('up')
    .description('start PostgreSQL, a Substrate chain and the coordinator in the data folder')
    .option('--port <n>', 'port of the API; 0 takes a free one', integerOption('--port'), 7700)
    .option(
      '--chain-port <n>',
      'RPC port of the chain; 0 takes a free one',
      integerOption('--chain-port'),
      9955,
    )
    .option('--chain-url <url>', 'RPC of a chain that runs elsewhere; none is started')
    .addHelpText('after', '\nExample:\n  tally up --data ./federation')
    .action(async (_options: unknown, command: Command) => {
      const flags = command.opts<UpFlags>();
      await runCommand(command, makeContext, (context, globals) => up(flags, context, globals));
    });
}

async function up(
  flags: UpFlags,
  context: CommandContext,
  globals: GlobalOptions,
): Promise<number> {
  const { output, logger, signal } = context;
  const data = resolve(globals.data);
  const deployment = await Deployment.start({ data, ...flags, durability: 'safe', logger, signal });
  try {
    const { api, chainUrl, pin } = deployment;
    const shown = pin === undefined ? {} : { pin };
    await writeEndpoint(data, { url: api.url, ...shown, chainUrl, pid: process.pid });
    output.say(`API    ${api.url}/api/openapi.json (token in ${data}/api-token)`);
    output.say(`sign in ${await api.signInLink()} (once, within 10 minutes)`);
    if (pin !== undefined) output.say(`pin    ${pin}`);
    output.say(`chain  ${chainUrl}`);
    output.say('Next: tally node invite <organisation>. Ctrl-C drains and stops everything.');
    output.stream({
      event: 'up',
      url: api.url,
      ...shown,
      chainUrl,
      processes: deployment.processes(),
    });
    const stopped = new Promise<undefined>((done) => {
      signal.addEventListener('abort', () => done(undefined));
    });
    const reason = await Promise.race([stopped, deployment.failed()]);
    if (reason !== undefined) output.say(`giving up: ${reason}`);
    output.result({ type: 'result', event: 'down', reason: reason ?? null });
    return reason === undefined ? EXIT.ok : EXIT.unavailable;
  } finally {
    await removeEndpoint(data);
    await deployment.stop();
  }
}
