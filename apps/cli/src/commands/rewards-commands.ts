import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { previewRewards, type RewardPreview } from '@tallystick/audit';
import { LedgerAccount } from '@tallystick/chain';
import { type AccountId, asAccountId, EXIT, type RunId } from '@tallystick/kernel';
import { systemClock } from '@tallystick/kernel/node';
import type { Command } from 'commander';
import { connectApi } from '../api/connect-api.js';
import {
  type CommandContext,
  type GlobalOptions,
  type MakeContext,
  runCommand,
} from '../command-context.js';
import { chainOf } from '../deployment/running-chain.js';
import { type Claimed, claimRewards } from '../federation/claim-rewards.js';
import { type ChainFlags, withChain, withExported } from '../federation/exported-bundle.js';
import { knownRuntimes } from '../federation/known-runtimes.js';
import { accountOf, collect } from '../options.js';
import { addPayDisputes, keyIn } from './pay-dispute-commands.js';
import { runOf } from './run-commands.js';

interface ClaimFlags extends ChainFlags {
  readonly key: string;
  readonly account?: readonly string[];
  readonly all?: boolean;
}

interface Setting {
  readonly context: CommandContext;
  readonly globals: GlobalOptions;
}

/** `tally rewards preview|show|claim|dispute|object|resolve`. */
export function addRewards(program: Command, makeContext: MakeContext): void {
  const rewards = program.command('rewards').description('what runs pay, and to whom');
  withChain(rewards.command('preview'))
    .description('compute every payout of a run from its spec and receipts')
    .argument('<bundle-or-run>', 'folder of an evidence bundle, or the number of a run')
    .addHelpText('after', '\nExample:\n  tally rewards preview ./evidence')
    .action(async (target: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, (context, globals) =>
        preview(target, command.opts<ChainFlags>(), { context, globals }),
      );
    });
  rewards
    .command('show')
    .description('what each account has earned in a run, was paid, and is due')
    .argument('<run>', 'its number')
    .addHelpText('after', '\nExample:\n  tally rewards show 0')
    .action(async (run: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, (context, globals) =>
        show(runOf(run), { context, globals }),
      );
    });
  withChain(rewards.command('claim'))
    .description('have accounts paid what they are due; anybody may, and pays the fee')
    .argument('<run>', 'its number')
    .requiredOption('--key <file>', 'PKCS#8 key of a funded account, for example ./site/owner.key')
    .option(
      '--account <account>',
      'who is paid (repeatable); default: the account of the key',
      collect,
    )
    .option('--all', 'everybody who is due something')
    .addHelpText('after', '\nExample:\n  tally rewards claim 0 --key ./site/owner.key')
    .action(async (run: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, (context, globals) =>
        claim(runOf(run), command.opts<ClaimFlags>(), { context, globals }),
      );
    });
  addPayDisputes(rewards, makeContext);
}

async function preview(target: string, flags: ChainFlags, setting: Setting): Promise<number> {
  if ((await stat(target).catch(() => undefined))?.isDirectory() === true) {
    return sayPreview(resolve(target), setting.context);
  }
  return withExported(runOf(target), { flags, ...setting }, (folder) =>
    sayPreview(folder, setting.context),
  );
}

async function sayPreview(folder: string, { output, signal }: CommandContext): Promise<number> {
  const found = await previewRewards({ folder, knownRuntimes: await knownRuntimes(), signal });
  output.table(
    ['epoch', 'rounds', 'state', 'account', 'amount'],
    found.epochs.flatMap(({ epoch, firstRound, lastRound, isSettled, payments }) =>
      payments.map(({ account, units }) => [
        String(epoch),
        `${firstRound}-${lastRound}`,
        isSettled ? 'settled' : 'to be settled',
        account,
        units.toString(),
      ]),
    ),
  );
  output.say(`refund ${found.refund} of ${found.funded}`);
  output.result(previewJson(found));
  return EXIT.ok;
}

function previewJson({ funded, refund, epochs, entitlements }: RewardPreview) {
  return {
    funded: funded.toString(),
    refund: refund.toString(),
    epochs: epochs.map(({ payments, ...epoch }) => ({
      ...epoch,
      payments: payments.map(({ account, units }) => ({ account, units: units.toString() })),
    })),
    entitlements: entitlements.map(({ account, cumulative }) => ({
      account,
      cumulative: cumulative.toString(),
    })),
  };
}

async function show(run: RunId, { context, globals }: Setting): Promise<number> {
  const { output } = context;
  const list = await (await connectApi(globals, context)).rewards(run);
  output.table(
    ['account', 'earned', 'paid', 'due now'],
    list.rewards.map(({ account, entitled, paid, due }) => [account, entitled, paid, due]),
  );
  output.say(`${list.allotted} of ${list.funded} promised, ${list.paid} paid`);
  output.result(list);
  return EXIT.ok;
}

async function claim(run: RunId, flags: ClaimFlags, setting: Setting): Promise<number> {
  const { context, globals } = setting;
  const api = await connectApi(globals, context);
  const signer = await keyIn(flags.key);
  const url = flags.chainUrl ?? (await chainOf(globals.data)).url;
  const ledger = await LedgerAccount.connect({ url, signer, clock: systemClock });
  try {
    const own = asAccountId(signer.key);
    const wanted = flags.all === true ? 'all' : accountsOf(flags, own);
    const claimed = await claimRewards(run, wanted, { api, ledger });
    sayClaimed(claimed, context);
    return EXIT.ok;
  } finally {
    await ledger.close();
  }
}

function accountsOf({ account }: ClaimFlags, own: AccountId): readonly AccountId[] {
  return account === undefined ? [own] : account.map(accountOf);
}

function sayClaimed({ epoch, payments, tooSmall }: Claimed, { output }: CommandContext): void {
  const told = (all: Claimed['payments']) =>
    all.map(({ account, due }) => ({ account, due: due.toString() }));
  for (const { account, due } of payments) output.say(`${account}  ${due}`);
  const total = payments.reduce((sum, { due }) => sum + due, 0n);
  for (const { account, due } of tooSmall) {
    output.say(`${account}  ${due} stay due: an account cannot begin with so little`);
  }
  output.say(payments.length === 0 ? 'nothing was paid' : `${total} paid against epoch ${epoch}`);
  output.result({ epoch, payments: told(payments), tooSmall: told(tooSmall) });
}
