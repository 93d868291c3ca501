import type { NodeId } from '@tallystick/kernel';
import {
  addPayments,
  type CommittedRound,
  type Earner,
  epochDue,
  type EpochSpan,
  nextEpoch,
  payEpoch,
  type Payment,
  sumWeights,
} from '@tallystick/payout';
import { payoutOf } from '@tallystick/protocol';
import type { Entitle } from '@tallystick/record';
import type { EpochEvidence } from '../bundle/epoch-evidence.js';
import type { RoundEvidence } from '../bundle/round-evidence.js';
import type { History } from '../history.js';
import { readPayout, readStoredEpoch } from '../state/stored-epochs.js';
import { readOrganisation } from '../state/stored-nodes.js';

/** What one epoch pays, by the run spec and the receipts alone. Amounts are smallest amounts. */
export interface PreviewedEpoch {
  readonly epoch: number;
  readonly firstRound: number;
  readonly lastRound: number;
  /** Rounds of it that are paid for. */
  readonly nonEmpty: number;
  /** The chain holds it; the others are what the coordinator has to settle next. */
  readonly isSettled: boolean;
  readonly payments: readonly Pick<Payment, 'account' | 'units'>[];
}

/** What each node's updates are worth, relative to each other. */
export type Shares = ReadonlyMap<NodeId, bigint>;

/** What payouts follow from. */
export interface PaidRun extends Pick<History, 'chain' | 'runId'> {
  readonly run: Pick<History['run'], 'payout' | 'funded' | 'epoch' | 'settledRounds'>;
  readonly spec: Pick<History['spec'], 'payout' | 'rounds'>;
  readonly rounds: readonly PaidRound[];
  readonly epochs: readonly Pick<EpochEvidence, 'entitlements'>[];
  /** Shares of an epoch by its score sheet; undefined where there is none that can be read. */
  readonly scoresOf?: (epoch: number) => Shares | undefined;
}

/** A round as it is paid for. */
export interface PaidRound extends Pick<RoundEvidence, 'round' | 'leaves'> {
  readonly header: { readonly value: Pick<RoundEvidence['header']['value'], 'included'> };
}

/** Every payout of a run as its evidence gives it, whatever the coordinator says. */
export interface RewardPreview {
  readonly funded: bigint;
  readonly epochs: readonly PreviewedEpoch[];
  /** After the last of these epochs, ascending by account. */
  readonly entitlements: readonly Entitle[];
  /** What would go back to the researcher. */
  readonly refund: bigint;
}

/**
 * Plays the settlements over `history`. Scores are taken from the sheets of settled epochs (V10 recomputes them); epochs
 * that have none yet, and those after them, are left out.
 */
export function rewardsOf(history: PaidRun): RewardPreview {
  const { run, spec } = history;
  const { policy, capPpm } = payoutOf(spec);
  const epochs: PreviewedEpoch[] = [];
  let entitlements: readonly Entitle[] = [];
  let left = run.funded;
  for (const span of spansOf(history)) {
    const budget = epochDue(run.payout, span.nonEmpty, left);
    const epoch = epochs.length;
    const shares = policy === 'contribution' ? history.scoresOf?.(epoch) : weightsIn(history, span);
    if (shares === undefined) break;
    const payments = payEpoch(earnersOf(history, shares), { policy, capPpm, budget });
    entitlements = addPayments(entitlements, payments);
    left -= payments.reduce((sum, { units }) => sum + units, 0n);
    const paid = payments.map(({ account, units }) => ({ account, units }));
    epochs.push({ epoch, ...span, isSettled: epoch < run.epoch, payments: paid });
  }
  return { funded: run.funded, epochs, entitlements, refund: left };
}

/** Settled epochs by the chain's own bounds, then the rest by the rule. */
function spansOf({ chain, run, runId, rounds }: PaidRun): readonly EpochSpan[] {
  if (run.payout.epochBudget === 0n) return [];
  const read = chain.stateAt(chain.head.number);
  const all: readonly CommittedRound[] = rounds.map(({ round, header }) => ({
    round,
    included: header.value.included,
  }));
  const spans: EpochSpan[] = [];
  for (let epoch = 0; epoch < run.epoch; epoch++) {
    const stored = readStoredEpoch(read, runId, epoch);
    if (stored === undefined) break;
    const { firstRound, lastRound } = stored;
    const nonEmpty = all.filter(
      ({ round, included }) => included > 0 && firstRound <= round && round <= lastRound,
    ).length;
    spans.push({ firstRound, lastRound, nonEmpty });
  }
  const { epochRounds } = run.payout;
  for (let from = run.settledRounds; ;) {
    const span = nextEpoch(all, { firstRound: from, epochRounds, isEnded: true });
    if (span === undefined) return spans;
    spans.push(span);
    from = span.lastRound + 1;
  }
}

function weightsIn({ rounds }: PaidRun, { firstRound, lastRound }: EpochSpan): Shares {
  const leaves = rounds
    .filter(({ round }) => firstRound <= round && round <= lastRound)
    .flatMap((evidence) => evidence.leaves);
  return sumWeights(leaves);
}

function earnersOf({ chain }: PaidRun, shares: Shares): readonly Earner[] {
  const read = chain.stateAt(chain.head.number);
  return [...shares].flatMap(([node, share]) => {
    const account = readPayout(read, readOrganisation(read, node));
    return account === undefined ? [] : [{ node, account, share }];
  });
}
