import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LedgerAccount } from '@tallystick/chain';
import { EXIT, type Signer, TallyError } from '@tallystick/kernel';
import { ed25519, loadKey, systemClock } from '@tallystick/kernel/node';
import {
  checkEvidence,
  type EvidenceFile,
  explainEvidence,
  fileEvidence,
  type Filing,
  type FilingOutcome,
  filingOf,
  loadOwnerKey,
  MAX_EVIDENCE_BYTES,
  parseEvidence,
} from '@tallystick/site';
import type { Command } from 'commander';
import {
  type CommandContext,
  type GlobalOptions,
  type MakeContext,
  runCommand,
} from '../command-context.js';
import { chainOf } from '../deployment/running-chain.js';

interface DisputeFlags {
  readonly key?: string;
  readonly chainUrl?: string;
  readonly dryRun?: boolean;
}

/** `tally dispute <evidence file>`. */
export function addDispute(program: Command, makeContext: MakeContext): void {
  program
    .command('dispute')
    .description('say what an evidence file proves, and put it before the chain')
    .argument('<file>', 'a file of <site>/evidence')
    .option('--key <file>', 'who disputes; default: owner.key of the site the file lies in')
    .option('--chain-url <url>', 'RPC of the chain; default: the chain of the data folder')
    .option('--dry-run', 'show the call and send nothing')
    .addHelpText(
      'after',
      '\nA demand has to be answered in its window; the same command after its end has the round voided.' +
        '\n\nExample:\n  tally dispute ./site/evidence/0-3-omitted-0123456789ab.json',
    )
    .action(async (path: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, (context, globals) =>
        dispute(resolve(path), { flags: command.opts<DisputeFlags>(), context, globals }),
      );
    });
}

interface Setting {
  readonly flags: DisputeFlags;
  readonly context: CommandContext;
  readonly globals: GlobalOptions;
}

async function dispute(path: string, setting: Setting): Promise<number> {
  const { flags, context, globals } = setting;
  const file = await readEvidence(path);
  for (const sentence of explainEvidence(file)) context.output.say(sentence);
  const filing = filingOf(file);
  if (filing === undefined) {
    throw new TallyError('USAGE_INVALID', {
      detail: `the chain cannot decide a fault ${file.kind}`,
    });
  }
  const url = flags.chainUrl ?? (await chainOf(globals.data)).url;
  const signer = await keyOf(path, flags);
  const clock = systemClock;
  const account = await LedgerAccount.connect({ url, genesis: file.chain, signer, clock });
  try {
    if (flags.dryRun === true) return sayCall(filing, account, context);
    return sayOutcome(file, await fileEvidence(file, filing, { account, clock }), context);
  } finally {
    await account.close();
  }
}

async function readEvidence(path: string): Promise<EvidenceFile> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TallyError('DATA_FILE_UNREADABLE', { file: path, reason }, cause);
  });
  if (bytes.length > MAX_EVIDENCE_BYTES) {
    const limit = MAX_EVIDENCE_BYTES;
    throw new TallyError('PROTO_TOO_LARGE', { what: path, bytes: bytes.length, limit });
  }
  const file = parseEvidence(bytes.toString('utf8'), path);
  checkEvidence(ed25519, file, path);
  return file;
}

async function keyOf(path: string, { key }: DisputeFlags): Promise<Signer> {
  if (key === undefined) return loadOwnerKey(dirname(dirname(path)));
  return loadKey(resolve(key)).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TallyError('DATA_FILE_UNREADABLE', { file: key, reason }, cause);
  });
}

function sayCall(filing: Filing, account: LedgerAccount, { output }: CommandContext): number {
  const call = account.encode(filing);
  if (!filing.isProved) output.say(UNPROVED);
  output.say(`tally.${filing.call} by ${account.account}; nothing was sent`);
  output.say(call);
  output.result({ call: `tally.${filing.call}`, encoded: call, isProved: filing.isProved });
  return EXIT.ok;
}

const UNPROVED =
  'The site was shown nothing about the round: an honest coordinator can answer, and the deposit is lost.';

function sayOutcome(
  file: EvidenceFile,
  outcome: FilingOutcome,
  { output }: CommandContext,
): number {
  const { run, round } = file;
  if (outcome.state === 'upheld') {
    const isHalt = filingOf(file)?.call === 'halt';
    const what = isHalt ? `run ${run} is halted` : `round ${round} of run ${run} does not count`;
    output.say(`Upheld in block ${outcome.block}: ${what}.`);
    output.result({ run, round, ...outcome });
    return EXIT.ok;
  }
  const { demand, deadlineMs } = outcome;
  const until = new Date(Number(deadlineMs)).toISOString();
  const what = outcome.state === 'demanded' ? 'is before the chain' : 'is still open';
  output.say(`Demand ${demand} ${what}: the coordinator has to answer until ${until}.`);
  output.say('Run the same command after that: without an answer the round is voided.');
  output.result({ run, round, state: outcome.state, demand, deadlineMs: Number(deadlineMs) });
  return EXIT.ok;
}
