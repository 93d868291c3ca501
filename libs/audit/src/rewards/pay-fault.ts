import type { EntitlementClaim, PayFault, ShownContribution, Standing } from '@tallystick/chain';
import type { AccountId, NodeId } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { entitleClaim } from '@tallystick/payout';
import { payoutOf } from '@tallystick/protocol';
import { CONTRIB, type Entitle, ENTITLE, sumLeaf, sumProof } from '@tallystick/record';
import { readPayout, readStoredEpoch } from '../state/stored-epochs.js';
import { readOrganisation } from '../state/stored-nodes.js';
import { type PaidRun, rewardsOf } from './rewards-of.js';

const NO_CAP = 1_000_000;
/** Most contributions that a dispute shows: the pallet's limit. */
const MAX_SHOWN = 128;

/** A settled epoch that does not follow from its rounds. Amounts are smallest amounts, of this epoch alone. */
export interface FoundFault {
  readonly epoch: number;
  readonly account: AccountId;
  readonly owed: bigint;
  readonly given: bigint;
  /** Undefined where the chain cannot judge: shares by contribution, and under a cap. */
  readonly fault: PayFault | undefined;
}

/**
 * The first settled epoch whose tree is out of order, takes something back, or gives an account another share than its
 * contributions do; undefined when every entitlement follows. Which contributions are shown is chosen so that no way of
 * counting the others makes the share right, as far as 128 of them go.
 */
export function payFaultIn(run: PaidRun): FoundFault | undefined {
  const rule = rewardsOf(run).epochs;
  for (const [epoch, { entitlements }] of run.epochs.entries()) {
    const before = run.epochs[epoch - 1]?.entitlements ?? [];
    const owed = new Map(rule[epoch]?.payments.map(({ account, units }) => [account, units]));
    const found =
      disorderIn(run, { epoch, entitlements }) ??
      wrongShareIn(run, { epoch, before, entitlements, owed });
    if (found !== undefined) return found;
  }
  return undefined;
}

interface Settled {
  readonly epoch: number;
  readonly entitlements: readonly Entitle[];
}

function disorderIn({ runId: run }: PaidRun, { epoch, entitlements }: Settled) {
  for (const [i, second] of entitlements.entries()) {
    const first = entitlements[i - 1];
    if (first === undefined || first.account < second.account) continue;
    const claims = [claimAt(entitlements, i - 1), claimAt(entitlements, i)] as const;
    const fault: PayFault = { kind: 'order', run, epoch, first: claims[0], second: claims[1] };
    const given = first.cumulative + second.cumulative;
    return { epoch, account: second.account, owed: second.cumulative, given, fault };
  }
  return undefined;
}

function wrongShareIn(
  run: PaidRun,
  settled: Settled & {
    readonly before: readonly Entitle[];
    readonly owed: ReadonlyMap<AccountId, bigint>;
  },
): FoundFault | undefined {
  const { epoch, before, entitlements, owed } = settled;
  const accounts = [...before, ...entitlements].map(({ account }) => account);
  for (const account of new Set([...accounts, ...owed.keys()])) {
    const given = amountIn(entitlements, account) - amountIn(before, account);
    const right = owed.get(account) ?? 0n;
    if (given === right) continue;
    const isDecided = given < 0n || isDecidable(run);
    const fault = isDecided ? shareFault(run, settled, { account, given, right }) : undefined;
    return { epoch, account, owed: right, given, fault };
  }
  return undefined;
}

function isDecidable({ spec }: PaidRun): boolean {
  const { policy, capPpm } = payoutOf(spec);
  return policy !== 'contribution' && capPpm === NO_CAP;
}

function shareFault(
  run: PaidRun,
  { epoch, before, entitlements }: Settled & { readonly before: readonly Entitle[] },
  wrong: { readonly account: AccountId; readonly given: bigint; readonly right: bigint },
): PayFault {
  const { account, given, right } = wrong;
  const all = given < 0n ? [] : contributionsIn(run, epoch);
  const isByWeight = payoutOf(run.spec).policy === 'weight';
  // who got too little shows its own, who got too much is shown by everybody else's; the heaviest first
  const isFirst = ({ leaf }: Contribution): boolean =>
    !isByWeight || (payeeOf(run, leaf.node) === account) === given < right;
  const shown = all
    .toSorted((a, b) => Number(isFirst(b)) - Number(isFirst(a)) || byWeight(a, b))
    .slice(0, MAX_SHOWN)
    .toSorted((a, b) => a.round - b.round || a.index - b.index)
    .map((each) => withProof(run, each));
  return {
    ...{ kind: 'share', run: run.runId, epoch, account, shown },
    before: standingOf(before, account),
    after: standingOf(entitlements, account),
  };
}

type Contribution = Omit<ShownContribution, 'proof'>;

function byWeight(a: Contribution, b: Contribution): number {
  return Number(b.leaf.weight - a.leaf.weight);
}

function contributionsIn(run: PaidRun, epoch: number): readonly Contribution[] {
  const read = run.chain.stateAt(run.chain.head.number);
  const stored = readStoredEpoch(read, run.runId, epoch);
  if (stored === undefined) return [];
  const { firstRound, lastRound } = stored;
  return run.rounds
    .filter(({ round }) => firstRound <= round && round <= lastRound)
    .flatMap(({ round, leaves }) => leaves.map((leaf, index) => ({ round, index, leaf })));
}

function withProof({ rounds }: PaidRun, shown: Contribution): ShownContribution {
  const leaves = rounds.find(({ round }) => round === shown.round)?.leaves ?? [];
  const nodes = leaves.map((leaf) => ({ hash: sumLeaf(sha256, CONTRIB, leaf), sum: leaf.weight }));
  return { ...shown, proof: sumProof(sha256, nodes, shown.index) };
}

function payeeOf({ chain }: PaidRun, node: NodeId): AccountId | undefined {
  const read = chain.stateAt(chain.head.number);
  return readPayout(read, readOrganisation(read, node));
}

function amountIn(entitlements: readonly Entitle[], account: AccountId): bigint {
  return entitlements.find((leaf) => leaf.account === account)?.cumulative ?? 0n;
}

function standingOf(entitlements: readonly Entitle[], account: AccountId): Standing {
  const claim = entitleClaim(sha256, entitlements, account);
  if (claim !== undefined) return { kind: 'entitled', claim };
  const after = entitlements.findIndex((leaf) => leaf.account > account);
  const right = after < 0 ? entitlements.length : after;
  return {
    kind: 'absent',
    left: right === 0 ? undefined : claimAt(entitlements, right - 1),
    right: right === entitlements.length ? undefined : claimAt(entitlements, right),
  };
}

/** The claim of the leaf with this index, whose account may stand there twice. */
function claimAt(entitlements: readonly Entitle[], index: number): EntitlementClaim {
  const leaf = entitlements[index];
  if (leaf === undefined) throw new RangeError(`there is no leaf ${index}`);
  const nodes = entitlements.map((each) => ({
    hash: sumLeaf(sha256, ENTITLE, each),
    sum: each.cumulative,
  }));
  return { index, leaf, proof: sumProof(sha256, nodes, index) };
}
