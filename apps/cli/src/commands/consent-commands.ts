import { resolve } from 'node:path';
import { LedgerAccount } from '@tallystick/chain';
import {
  asHash,
  asNodeId,
  asRunId,
  EXIT,
  type Hash,
  type NodeId,
  type RunId,
  TallyError,
} from '@tallystick/kernel';
import { systemClock } from '@tallystick/kernel/node';
import { type Consent, purposeNumber } from '@tallystick/rounds';
import {
  grantConsent,
  loadOwnerKey,
  loadSiteConfig,
  policyHash,
  readNodeLog,
  revokeConsent,
  type SitePolicy,
} from '@tallystick/site';
import type { Command } from 'commander';
import { type CommandContext, type MakeContext, runCommand } from '../command-context.js';
import { chainOf } from '../deployment/running-chain.js';
import { collect } from '../options.js';
import { runOf } from './run-commands.js';

const MAX_U32 = 0xffff_ffff;
/** Newest runs that `list` asks the chain for. */
const MAX_LISTED = 1_000;

interface ConsentFlags {
  readonly folder: string;
  readonly chainUrl?: string;
}

interface GrantFlags extends ConsentFlags {
  readonly rounds?: string;
  readonly until: string;
  readonly purpose?: readonly string[];
  readonly policy?: string;
}

/** `tally node consent grant|revoke|list`: the owner key signs here. */
export function addConsent(node: Command, makeContext: MakeContext): void {
  const consent = node
    .command('consent')
    .description('what the owner of this site allows in a run');
  withSite(consent.command('grant'))
    .description('let the node of this site take part in a run')
    .argument('<run>', 'its number')
    .requiredOption('--until <date>', 'last day or moment, for example 2030-12-31')
    .option('--rounds <from-until>', 'for example 0-99; default: all')
    .option('--purpose <code>', 'DUO code (repeatable); default: those of node.yaml', collect)
    .option('--policy <sha256>', 'hash that receipts name; default: of the policy in node.yaml')
    .addHelpText('after', '\nExample:\n  tally node consent grant 0 --until 2030-12-31')
    .action((run: string, _options: unknown, command: Command) =>
      onChain(command, makeContext, (site, context) =>
        grant(runOf(run), command.opts<GrantFlags>(), { site, context }),
      ),
    );
  withSite(consent.command('revoke'))
    .description('take the node of this site out of every later round of a run')
    .argument('<run>', 'its number')
    .addHelpText('after', '\nExample:\n  tally node consent revoke 0')
    .action((run: string, _options: unknown, command: Command) =>
      onChain(command, makeContext, (site, context) => revoke(runOf(run), { site, context })),
    );
  withSite(consent.command('list'))
    .description('consents of this site, as the chain holds them')
    .addHelpText('after', '\nExample:\n  tally node consent list')
    .action((_options: unknown, command: Command) =>
      onChain(command, makeContext, (site, context) => list({ site, context })),
    );
}

function withSite(command: Command): Command {
  return command
    .option('--folder <dir>', 'folder of the site: owner key, node.yaml, log', './site')
    .option('--chain-url <url>', 'RPC of the chain; default: the chain of the data folder');
}

/** A site whose owner speaks to the chain. */
interface OwnedSite {
  readonly folder: string;
  readonly node: NodeId;
  readonly account: LedgerAccount;
}

interface Setting {
  readonly site: OwnedSite;
  readonly context: CommandContext;
}

async function onChain(
  command: Command,
  makeContext: MakeContext,
  act: (site: OwnedSite, context: CommandContext) => Promise<number>,
): Promise<void> {
  await runCommand(command, makeContext, async (context, globals) => {
    const flags = command.opts<ConsentFlags>();
    const folder = resolve(flags.folder);
    const { node, genesis } = await readNodeLog(resolve(folder, 'receipts.log'));
    const url = flags.chainUrl ?? (await chainOf(globals.data)).url;
    const signer = await loadOwnerKey(folder);
    const account = await LedgerAccount.connect({ url, genesis, signer, clock: systemClock });
    try {
      return await act({ folder, node: asNodeId(node), account }, context);
    } finally {
      await account.close();
    }
  });
}

async function grant(run: RunId, flags: GrantFlags, { site, context }: Setting): Promise<number> {
  const { folder, node, account } = site;
  const { policy } = await loadSiteConfig(folder);
  const purposes = (flags.purpose ?? policy.purposes).map(purposeOf);
  const [fromRound, untilRound] = roundsOf(flags.rounds);
  const terms = {
    fromRound,
    untilRound,
    untilMs: BigInt(momentOf(flags.until)),
    purposes,
    policy: policyHashOf(flags.policy, policy),
  };
  const granted = await grantConsent(site, { run, terms }, account);
  context.output.say(`node ${node} takes part in run ${run}: ${textOf(granted)}`);
  context.output.result(jsonOf(run, granted));
  return EXIT.ok;
}

async function revoke(run: RunId, { site, context }: Setting): Promise<number> {
  const { node, account } = site;
  const revoked = await revokeConsent(site, run, account);
  context.output.say(
    `node ${node} takes part in no task of run ${run} from block ${revoked.revokedAtBlock} on`,
  );
  context.output.result(jsonOf(run, revoked));
  return EXIT.ok;
}

async function list({ site, context }: Setting): Promise<number> {
  const { node, account } = site;
  const count = await account.runCount();
  const found: { readonly run: RunId; readonly consent: Consent }[] = [];
  for (let number = Math.max(0, count - MAX_LISTED); number < count; number++) {
    const run = asRunId(number);
    const consent = await account.consent(run, node);
    if (consent !== undefined) found.push({ run, consent });
  }
  const { output } = context;
  output.table(
    ['run', 'consent', 'policy'],
    found.map(({ run, consent }) => [String(run), textOf(consent), consent.policy.slice(0, 16)]),
  );
  output.result({ node, consents: found.map(({ run, consent }) => jsonOf(run, consent)) });
  return EXIT.ok;
}

function jsonOf(run: RunId, { untilMs, ...consent }: Consent) {
  return { run, ...consent, untilMs: Number(untilMs) };
}

function textOf(consent: Consent): string {
  const { revokedAtBlock, fromRound, untilRound, untilMs, purposes } = consent;
  if (revokedAtBlock !== undefined) return `revoked at block ${revokedAtBlock}`;
  const rounds =
    untilRound === MAX_U32 ? `from round ${fromRound}` : `rounds ${fromRound}-${untilRound}`;
  const codes = purposes.map((code) => `DUO:${String(code).padStart(7, '0')}`).join(', ');
  return `${rounds}, until ${new Date(Number(untilMs)).toISOString()}, for ${codes}`;
}

function purposeOf(code: string): number {
  if (/^DUO:\d{7}$/.test(code)) return purposeNumber(code);
  throw new TallyError('USAGE_INVALID', { detail: `${code} is no DUO code such as DUO:0000007` });
}

function roundsOf(text: string | undefined): readonly [number, number] {
  if (text === undefined) return [0, MAX_U32];
  const [from, until] = /^(\d{1,9})-(\d{1,9})$/.exec(text)?.slice(1).map(Number) ?? [];
  if (from !== undefined && until !== undefined && from <= until) return [from, until];
  throw new TallyError('USAGE_INVALID', { detail: `--rounds takes first-last, got ${text}` });
}

/** The end of the day when only a day is given. */
function momentOf(text: string): number {
  const moment = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T23:59:59.999Z` : text);
  if (Number.isSafeInteger(moment) && moment >= 0) return moment;
  throw new TallyError('USAGE_INVALID', { detail: `--until takes a date, got ${text}` });
}

function policyHashOf(text: string | undefined, policy: SitePolicy): Hash {
  if (text === undefined) return policyHash(policy);
  if (/^[0-9a-f]{64}$/.test(text)) return asHash(text);
  throw new TallyError('USAGE_INVALID', { detail: `--policy takes 64 hex digits, got ${text}` });
}
