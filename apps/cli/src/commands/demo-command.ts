import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { type CommandContext, type MakeContext, runCommand } from '../command-context.js';
import { Demo, type DemoResult } from '../demo/demo.js';
import { loadExample } from '../federation/example.js';
import { sayComparison } from '../federation/say-comparison.js';
import { cpuSecondsOf } from '../deployment/cpu-seconds.js';
import { removeEndpoint, writeEndpoint } from '../deployment/endpoint-file.js';
import { integerOption } from '../options.js';
import { seconds } from './simulate-command.js';

const HEART = fileURLToPath(new URL('../../../../examples/heart-disease', import.meta.url));

interface DemoFlags {
  readonly once?: boolean;
  readonly export?: string;
  readonly seed?: number;
  readonly port: number;
  readonly chainPort: number;
  readonly chainUrl?: string;
  readonly data?: string;
}

/** `tally demo`: the whole of Tallystick once, with real processes, ending with a recomputed verdict. */
export function addDemo(program: Command, makeContext: MakeContext): void {
  program
    .command('demo')
    .description('train one model over four hospitals’ data with real processes, and audit it')
    .argument('[path]', 'folder with run.yaml and sites/<name>/node.yaml', HEART)
    .option('--once', 'in a temporary data folder; stop everything after the verdict')
    .option('--export <dir>', 'leave the evidence bundle there')
    .option('--seed <n>', 'another seed than the one in run.yaml', integerOption('--seed'))
    .option('--port <n>', 'port of the API; 0 takes a free one', integerOption('--port'), 7700)
    .option(
      '--chain-port <n>',
      'RPC port of the chain; 0 takes a free one',
      integerOption('--chain-port'),
      9955,
    )
    .option(
      '--chain-url <url>',
      'RPC of a chain that runs elsewhere, with the keys in the data folder',
    )
    .addHelpText('after', '\nExample:\n  tally demo --once --export ./evidence')
    .action(async (path: string, _options: unknown, command: Command) => {
      const flags = command.optsWithGlobals<DemoFlags>();
      await runCommand(command, makeContext, (context) => playDemo(path, flags, context));
    });
}

async function playDemo(path: string, flags: DemoFlags, context: CommandContext): Promise<number> {
  const { output, logger, signal } = context;
  const startedAtMs = performance.now();
  const stays = flags.once !== true && output.isTty;
  const example = await loadExample(path, flags.seed);
  // the keys of a chain that runs elsewhere are in the data folder, and stay there
  const isTemporary = !stays && flags.chainUrl === undefined;
  const data = isTemporary ? await temporaryFolder() : resolve(flags.data ?? '.tally');
  const demo = new Demo({
    example,
    data,
    port: flags.port,
    chainPort: flags.chainPort,
    ...(flags.chainUrl === undefined ? {} : { chainUrl: flags.chainUrl }),
    ...(flags.export === undefined ? {} : { exportFolder: resolve(flags.export) }),
    output,
    logger,
    signal,
  });
  try {
    const { exitCode, ...played } = await demo.play();
    const isKept = !isTemporary || flags.export !== undefined;
    const result = { ...played, bundle: isKept ? played.bundle : null };
    const cpuSeconds = await cpuSecondsOf(result.processes.map(({ pid }) => pid));
    const timing = { seconds: seconds(performance.now() - startedAtMs), cpuSeconds };
    sayResult(context, result, timing);
    output.result({ ...result, ...timing });
    if (stays && exitCode === 0) await stay(demo, data, context);
    return exitCode;
  } finally {
    await demo.stop();
    if (isTemporary) await rm(data, { recursive: true, force: true });
  }
}

/** Others may pass through, so that PostgreSQL, which never runs as root, can live inside. */
async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tally-demo-'));
  await chmod(folder, 0o711);
  return folder;
}

/** What is printed; `bundle` only when it outlives the command. */
type ShownResult = Omit<DemoResult, 'exitCode' | 'bundle'> & { readonly bundle: string | null };

function sayResult(
  { output }: CommandContext,
  result: ShownResult,
  timing: { readonly seconds: number; readonly cpuSeconds: number },
): void {
  const { colours } = output;
  sayComparison(output, result);
  output.say(`chain   genesis ${result.chain.genesis}`);
  output.say(`        head    ${result.chain.head}, ${result.rounds} rounds committed`);
  output.say(`model   ${result.modelSha256}`);
  if (result.bundle !== null) output.say(`bundle  ${result.bundle}`);
  const paint = result.verdict === 'VERIFIED' ? colours.green : colours.yellow;
  output.say(
    `${paint(colours.bold(result.verdict))} ${result.rounds}/${result.rounds} rounds, anchored by the sites’ own logs, in ${timing.seconds} s (${timing.cpuSeconds} s of CPU)`,
  );
}

/** Keeps the federation up until Ctrl-C. */
async function stay(demo: Demo, data: string, { output, signal }: CommandContext): Promise<void> {
  const { api, chainUrl, pin } = demo.deployment;
  const shown = pin === undefined ? {} : { pin };
  await writeEndpoint(data, { url: api.url, ...shown, chainUrl, pid: process.pid });
  output.say();
  output.say(`API    ${api.url}/api/openapi.json`);
  output.say(`sign in ${await api.signInLink()} (once, within 10 minutes)`);
  output.say(`chain  ${chainUrl} (any Substrate explorer)`);
  output.say('The federation stays up; Ctrl-C drains and stops it.');
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
  output.say('draining …');
  await removeEndpoint(data);
}
