import type { Hash, NodeId, RunId, Sha256 } from '@tallystick/kernel';
import type { FsBlobStore } from '@tallystick/blobs';
import type { ChainRun, RoundLedger } from '@tallystick/chain';
import {
  auditSeed,
  type AuditTally,
  decodeSheet,
  type Earner,
  epochDue,
  type EpochSpan,
  nextEpoch,
  payEpoch,
  settleEpoch,
  type SettledEpoch,
} from '@tallystick/payout';
import { type CommittedFiles, scoredFiles } from '@tallystick/compute';
import type { EpochRow } from '../persistence/epoch-rows.js';
import type { SettlementRows } from '../persistence/settlement-rows.js';
import type { ScoreDesk, StoredSheet } from './score-desk.js';
import type { ScoringJob } from './scoring-job.js';

/** What decides about the next epoch of a run. */
export interface SettleQuestion {
  readonly run: RunId;
  readonly chainRun: ChainRun;
  /** No further round follows those in `rounds`. */
  readonly isEnded: boolean;
  readonly nowMs: number;
  /** The epoch before. */
  readonly newest: EpochRow | undefined;
  /** Canonical JSON of the run spec, and its hash. */
  readonly spec: string;
  readonly specHash: Hash;
}

/** An epoch to settle, and the id of the sheet that its shares follow from. */
export interface SettledRun extends SettledEpoch {
  readonly sheet: Hash | undefined;
}

export interface SettleDeps {
  readonly rounds: SettlementRows;
  readonly ledger: Pick<
    RoundLedger,
    'genesis' | 'round' | 'payees' | 'openDemands' | 'committedIn'
  >;
  readonly desk: Pick<ScoreDesk, 'sheetOf'>;
  readonly blobs: Pick<FsBlobStore, 'get' | 'folder'>;
  readonly sha256: Sha256;
}

/**
 * The next epoch of the run, or undefined while there is none. Shares by weight, per organisation or by score
 * (protocol.md §6); everything in it follows from the committed rounds, so whoever computes it again gets the same bytes.
 * Undefined also while scores are made.
 */
export async function settleRun(
  question: SettleQuestion,
  deps: SettleDeps,
): Promise<SettledRun | undefined> {
  const { run, chainRun, isEnded } = question;
  const { epochRounds } = chainRun.payout;
  const { settledRounds: firstRound } = chainRun;
  const rounds = await deps.rounds.finalFrom(run, firstRound);
  const span = nextEpoch(rounds, { firstRound, epochRounds, isEnded });
  if (span === undefined || !(await isFinal(span, question, deps))) return undefined;
  return epochOf(span, question, deps);
}

/**
 * Nothing can void the last round any more, by this process's clock: a chain that seals on demand has no newer one. The
 * pallet judges again.
 */
async function isFinal(
  { lastRound }: EpochSpan,
  { run, chainRun, nowMs }: SettleQuestion,
  { ledger }: SettleDeps,
): Promise<boolean> {
  const round = await ledger.round(run, lastRound);
  if (round === undefined || round.status === 'void') return false;
  const isOver = BigInt(nowMs) >= round.committedAtMs + chainRun.challengeMs;
  return isOver && (await ledger.openDemands(run)).length === 0;
}

async function epochOf(
  span: EpochSpan,
  question: SettleQuestion,
  deps: SettleDeps,
): Promise<SettledRun | undefined> {
  const { rounds, ledger, sha256 } = deps;
  const { run, chainRun, newest } = question;
  const { firstRound, lastRound, nonEmpty } = span;
  const { payout, funded, allotted } = chainRun;
  const isByScore = payout.policy === 'contribution';
  const scored = isByScore ? await sheetOf(span, question, deps) : undefined;
  if (isByScore && scored === undefined) return undefined;
  const shares = scored === undefined ? await rounds.weights(run, span) : sharesOf(scored);
  const payees = await ledger.payees([...shares.keys()]);
  const earners = [...shares].flatMap(([node, share]): Earner[] => {
    const account = payees.get(node)?.account;
    return account === undefined ? [] : [{ node, account, share }];
  });
  const budget = epochDue(payout, nonEmpty, funded - allotted);
  const payments = payEpoch(earners, { ...payout, budget });
  const lastHeader = await rounds.headerHash(run, lastRound);
  const head = {
    chain: await ledger.genesis(),
    run,
    epoch: chainRun.epoch,
    prev: chainRun.epochHead,
    firstRound,
    lastRound,
    lastHeader,
  };
  const before = newest?.entitlements ?? [];
  return { ...settleEpoch(sha256, head, { before, payments }), sheet: scored?.id };
}

function sharesOf({ sheet }: StoredSheet): ReadonlyMap<NodeId, bigint> {
  return new Map(sheet.scores.map(({ node, score }) => [node, score]));
}

async function sheetOf(
  span: EpochSpan,
  question: SettleQuestion,
  deps: SettleDeps,
): Promise<StoredSheet | undefined> {
  const { run, chainRun } = question;
  const block = await deps.ledger.committedIn(run, span.lastRound);
  if (block === undefined) return undefined;
  const job = (): Promise<ScoringJob> => jobOf(span, { ...question, block: block.hash }, deps);
  const { lastRound } = span;
  return deps.desk.sheetOf({ run, epoch: chainRun.epoch, lastRound }, job);
}

async function jobOf(
  span: EpochSpan,
  {
    run,
    chainRun,
    newest,
    spec,
    specHash,
    block,
  }: SettleQuestion & {
    /** Holds the commit of the epoch's last round. */
    readonly block: Hash;
  },
  { rounds, blobs, sha256 }: SettleDeps,
): Promise<ScoringJob> {
  const committed: readonly CommittedFiles[] = await rounds.committedFiles(run, span);
  const lastHeader = await rounds.headerHash(run, span.lastRound);
  const files = {
    epoch: chainRun.epoch,
    seed: auditSeed(sha256, { lastHeader, block }),
    rounds: scoredFiles(committed, span),
    before: await talliesOf(newest, blobs),
  };
  return { blobFolder: blobs.folder, spec, specHash, files };
}

async function talliesOf(
  newest: EpochRow | undefined,
  blobs: Pick<FsBlobStore, 'get'>,
): Promise<readonly AuditTally[]> {
  if (newest?.sheet === undefined) return [];
  const sheet = decodeSheet(new TextDecoder().decode(await blobs.get(newest.sheet)));
  if (sheet === undefined) throw new Error(`blob ${newest.sheet} is no score sheet`);
  return sheet.tallies;
}
