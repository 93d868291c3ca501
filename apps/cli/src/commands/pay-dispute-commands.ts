import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { findPayFault, type FoundFault } from '@tallystick/audit';
import { LedgerAccount } from '@tallystick/chain';
import { EXIT, type RunId, TallyError } from '@tallystick/kernel';
import { loadKey, sha256, systemClock } from '@tallystick/kernel/node';
import type { Command } from 'commander';
import {
  type CommandContext,
  type GlobalOptions,
  type MakeContext,
  runCommand,
} from '../command-context.js';
import { chainOf } from '../deployment/running-chain.js';
import { type ChainFlags, withChain, withExported } from '../federation/exported-bundle.js';
import { knownRuntimes } from '../federation/known-runtimes.js';
import { integerOption } from '../options.js';
import { runOf } from './run-commands.js';

interface SignFlags extends ChainFlags {
  readonly key: string;
}

interface Setting {
  readonly context: CommandContext;
  readonly globals: GlobalOptions;
}

/** `tally rewards dispute|object|resolve`. */
export function addPayDisputes(rewards: Command, makeContext: MakeContext): void {
  addDispute(rewards, makeContext);
  addObject(rewards, makeContext);
  addResolve(rewards, makeContext);
}

function addDispute(rewards: Command, makeContext: MakeContext): void {
  withChain(signed(rewards.command('dispute')))
    .description('put a false share of a settled epoch before the chain, which decides at once')
    .argument('<run>', 'its number')
    .addHelpText('after', '\nExample:\n  tally rewards dispute 0 --key ./site/owner.key')
    .action(async (run: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, (context, globals) =>
        dispute(runOf(run), command.opts<SignFlags>(), { context, globals }),
      );
    });
}

function addObject(rewards: Command, makeContext: MakeContext): void {
  signed(rewards.command('object'))
    .description('freeze the payments of a run until the registrar decides; holds a deposit')
    .argument('<run>', 'its number')
    .argument('<epoch>', 'the settled epoch', integerOption('<epoch>'))
    .requiredOption('--report <file>', 'what is wrong; its hash goes on the chain')
    .option('--chain-url <url>', 'RPC of the chain; default: the chain of the data folder')
    .addHelpText(
      'after',
      '\nExample:\n  tally rewards object 0 0 --report ./audit.json --key ./site/owner.key',
    )
    .action(async (run: string, epoch: number, _options: unknown, command: Command) => {
      const { report, ...flags } = command.opts<SignFlags & { readonly report: string }>();
      await runCommand(command, makeContext, async (context, globals) => {
        const reason = sha256(await readBytes(report));
        return send(flags, { context, globals }, async (ledger) => {
          const { number } = await ledger.object(runOf(run), epoch, reason);
          context.output.say(`Objected to epoch ${epoch} in block ${number}: nothing is paid now.`);
          return { run: runOf(run), epoch, reason, block: number };
        });
      });
    });
}

function addResolve(rewards: Command, makeContext: MakeContext): void {
  signed(rewards.command('resolve'))
    .description('decide an objection, with the registrar’s key')
    .argument('<run>', 'its number')
    .argument('<epoch>', 'the epoch that is objected to', integerOption('<epoch>'))
    .option('--upheld', 'the epoch does not count; without it the objection is rejected')
    .option('--chain-url <url>', 'RPC of the chain; default: the chain of the data folder')
    .addHelpText(
      'after',
      '\nExample:\n  tally rewards resolve 0 0 --key ./.tally/keys/registrar.key',
    )
    .action(async (run: string, epoch: number, _options: unknown, command: Command) => {
      const { upheld = false, ...flags } = command.opts<
        SignFlags & { readonly upheld?: boolean }
      >();
      await runCommand(command, makeContext, (context, globals) =>
        send(flags, { context, globals }, async (ledger) => {
          const { number } = await ledger.resolve(runOf(run), epoch, upheld);
          const what = upheld ? 'does not count' : 'counts';
          context.output.say(`Resolved in block ${number}: epoch ${epoch} ${what}.`);
          return { run: runOf(run), epoch, upheld, block: number };
        }),
      );
    });
}

function signed(command: Command): Command {
  return command.requiredOption('--key <file>', 'PKCS#8 key of the account that signs');
}

async function dispute(run: RunId, flags: SignFlags, setting: Setting): Promise<number> {
  const { output, signal } = setting.context;
  const found = await withExported(run, { flags, ...setting }, async (folder) =>
    findPayFault({ folder, knownRuntimes: await knownRuntimes(), signal }),
  );
  if (found === undefined) {
    output.say('Every settled share follows from the rounds: there is nothing to dispute.');
    output.result({ run, found: null });
    return EXIT.ok;
  }
  const { epoch, account, owed, given, fault } = found;
  output.say(`Epoch ${epoch} gives ${account} ${given}; its share is ${owed}.`);
  if (fault === undefined) {
    const detail = `the chain does not judge shares by contribution or under a cap: object to epoch ${epoch}`;
    throw new TallyError('USAGE_INVALID', { detail });
  }
  return send(flags, setting, async (ledger) => {
    const { number } = await ledger.disputePay(fault);
    output.say(`Upheld in block ${number}: epoch ${epoch} and those after it do not count.`);
    return { run, found: foundJson(found), block: number };
  });
}

function foundJson({ epoch, account, owed, given }: FoundFault) {
  return { epoch, account, owed: owed.toString(), given: given.toString() };
}

/** Calls `act` with the ledger as the key's account, and prints what it gives. */
async function send(
  flags: SignFlags,
  { context, globals }: Setting,
  act: (ledger: LedgerAccount) => Promise<unknown>,
): Promise<number> {
  const signer = await keyIn(flags.key);
  const url = flags.chainUrl ?? (await chainOf(globals.data)).url;
  const ledger = await LedgerAccount.connect({ url, signer, clock: systemClock });
  try {
    context.output.result(await act(ledger));
    return EXIT.ok;
  } finally {
    await ledger.close();
  }
}

/** The key in a file; DATA_FILE_UNREADABLE when there is none. */
export async function keyIn(file: string) {
  return loadKey(resolve(file)).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('DATA_FILE_UNREADABLE', { file, reason }, error);
  });
}

async function readBytes(file: string): Promise<Uint8Array> {
  return readFile(file).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('DATA_FILE_UNREADABLE', { file, reason }, error);
  });
}
