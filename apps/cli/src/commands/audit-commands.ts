import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type Anchors,
  type AuditReport,
  BundleReader,
  exitCodeOf,
  type OpenValidation,
  verifyBundle,
} from '@tallystick/audit';
import { asHash, asPublicKey, asRunId, EXIT, TallyError } from '@tallystick/kernel';
import { openValidation, ProcessTrainer } from '@tallystick/training';
import type { Command } from 'commander';
import {
  type CommandContext,
  type GlobalOptions,
  type MakeContext,
  runCommand,
} from '../command-context.js';
import {
  type ChainFlags,
  exportBundle,
  withChain,
  withExported,
} from '../federation/exported-bundle.js';
import { knownRuntimes } from '../federation/known-runtimes.js';
import { ownNodeOf } from '../federation/own-node.js';
import { readAnchor } from '../federation/read-anchors.js';
import { sayReport } from '../federation/say-report.js';
import { collect } from '../options.js';

interface VerifyFlags extends ChainFlags {
  readonly chain?: string;
  readonly head?: string;
  readonly nodes?: readonly string[];
  readonly asNode?: readonly string[];
  readonly runtime?: readonly string[];
  readonly metrics?: boolean;
  readonly retrain?: string;
}

/** `tally audit verify` and `tally audit export`. */
export function addAudit(program: Command, makeContext: MakeContext): void {
  const audit = program.command('audit').description('recompute runs from their evidence');
  addVerify(audit, makeContext);
  addExport(audit, makeContext);
}

function addVerify(audit: Command, makeContext: MakeContext): void {
  withChain(audit.command('verify'))
    .description('recompute a run from an exported bundle, or from a running deployment')
    .argument('<bundle-or-run>', 'folder of an evidence bundle, or the number of a run')
    .option('--chain <genesis>', 'genesis hash that you hold')
    .option('--head <hash>', 'hash of a block that you hold')
    .option('--nodes <key>', 'node key that you vouch for (repeatable)', collect)
    .option('--as-node <log>', 'a node’s own receipts.log (repeatable)', collect)
    .option('--metrics', 'also measure again on the public validation set (V11)')
    .option('--retrain <folder>', 'your site’s folder: do a round of its node again (V12)')
    .option('--runtime <manifest>', 'manifest of a further released runtime (repeatable)', collect)
    .addHelpText(
      'after',
      '\nExample:\n  tally audit verify ./evidence --as-node ./nodes/va/receipts.log',
    )
    .action(async (target: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, (context, globals) =>
        verify(target, command.opts<VerifyFlags>(), { context, globals }),
      );
    });
}

function addExport(audit: Command, makeContext: MakeContext): void {
  withChain(audit.command('export'))
    .description('write the evidence bundle of a run')
    .argument('<run>', 'number of the run')
    .argument('<dir>', 'new or empty folder')
    .addHelpText('after', '\nExample:\n  tally audit export 0 ./evidence')
    .action(async (run: string, folder: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, async (context, globals) => {
        if (!/^\d+$/.test(run))
          throw new TallyError('USAGE_INVALID', { detail: `${run} is no run number` });
        const exported = await exportBundle(asRunId(Number(run)), resolve(folder), {
          flags: command.opts<ChainFlags>(),
          context,
          globals,
        });
        context.output.say(`${exported.rounds} rounds of run ${exported.run} written to ${folder}`);
        context.output.result({ ...exported, folder: resolve(folder) });
        return EXIT.ok;
      });
    });
}

interface Setting {
  readonly context: CommandContext;
  readonly globals: GlobalOptions;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

async function verify(target: string, flags: VerifyFlags, setting: Setting): Promise<number> {
  if (await isFolder(target)) return verifyFolder(resolve(target), flags, setting.context);
  if (!/^\d+$/.test(target)) {
    throw new TallyError('USAGE_INVALID', {
      detail: `${target} is neither a folder nor a run number`,
    });
  }
  return withExported(asRunId(Number(target)), { flags, ...setting }, (folder) =>
    verifyFolder(folder, flags, setting.context),
  );
}

async function verifyFolder(
  folder: string,
  flags: VerifyFlags,
  { output, signal }: CommandContext,
): Promise<number> {
  const anchors = await anchorsOf(folder, flags);
  const trainer = new ProcessTrainer();
  try {
    const openSet: OpenValidation = (set) => openValidation(trainer, set, signal);
    const report: AuditReport = await verifyBundle({
      folder,
      anchors,
      knownRuntimes: await knownRuntimes(flags.runtime),
      ...(flags.metrics === true ? { openValidation: openSet } : {}),
      ...(flags.retrain === undefined
        ? {}
        : { ownNode: await ownNodeOf(resolve(flags.retrain), trainer, signal) }),
      onStep: ({ step, title, checked }) => output.progress(`${step}  ${title}  ${checked}`),
      signal,
    });
    sayReport(output, report);
    output.result(report);
    return exitCodeOf(report);
  } finally {
    await trainer.close();
  }
}

async function anchorsOf(folder: string, flags: VerifyFlags): Promise<Anchors> {
  const logs = flags.asNode ?? [];
  const { manifest } = await BundleReader.open(folder);
  return {
    ...(flags.chain === undefined ? {} : { genesis: parse('--chain', flags.chain, asHash) }),
    ...(flags.head === undefined ? {} : { head: parse('--head', flags.head, asHash) }),
    nodeKeys: (flags.nodes ?? []).map((key) => parse('--nodes', key, asPublicKey)),
    logs: await Promise.all(logs.map((log) => readAnchor(log, manifest.run))),
  };
}

function parse<T>(option: string, text: string, as: (hex: string) => T): T {
  try {
    return as(text.replace(/^0x/, ''));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('USAGE_INVALID', { detail: `${option}: ${reason}` }, error);
  }
}
