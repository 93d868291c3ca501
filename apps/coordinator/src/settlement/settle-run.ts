import type { RunId, Sha256 } from '@tallystick/kernel';
import type { ChainRun, RoundLedger } from '@tallystick/chain';
import {
  epochDue,
  type EpochSpan,
  nextEpoch,
  payEpoch,
  settleEpoch,
  type SettledEpoch,
} from '@tallystick/payout';
import type { Entitle } from '@tallystick/record';
import type { SettlementRows } from '../persistence/settlement-rows.js';

/** What decides about the next epoch of a run. */
export interface SettleQuestion {
  readonly run: RunId;
  readonly chainRun: ChainRun;
  /** No further round follows those in `rounds`. */
  readonly isEnded: boolean;
  readonly nowMs: number;
  /** Of the epoch before. */
  readonly before: readonly Entitle[];
}

export interface SettleDeps {
  readonly rounds: SettlementRows;
  readonly ledger: Pick<RoundLedger, 'genesis' | 'round' | 'payees' | 'openDemands'>;
  readonly sha256: Sha256;
}

/**
 * The next epoch of the run, or undefined while there is none. Shares by weight or per organisation (protocol.md §6);
 * everything in it follows from the committed rounds, so whoever computes it again gets the same bytes.
 */
export async function settleRun(
  question: SettleQuestion,
  deps: SettleDeps,
): Promise<SettledEpoch | undefined> {
  const { run, chainRun, isEnded } = question;
  const { epochRounds } = chainRun.payout;
  const rounds = await deps.rounds.finalFrom(run, chainRun.settledRounds);
  const span = nextEpoch(rounds, { epochRounds, isEnded });
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
  { run, chainRun, before }: SettleQuestion,
  { rounds, ledger, sha256 }: SettleDeps,
): Promise<SettledEpoch | undefined> {
  const { firstRound, lastRound, nonEmpty } = span;
  const { payout, funded, allotted } = chainRun;
  const weights = await rounds.weights(run, span);
  const payees = await ledger.payees([...weights.keys()]);
  const earners = [...weights].flatMap(([node, share]) => {
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
  return settleEpoch(sha256, head, { before, payments });
}
