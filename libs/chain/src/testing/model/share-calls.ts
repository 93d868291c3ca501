import type { AccountId } from '@tallystick/kernel';
import type { Claim, Fault, ShareFault, ShownLeaf, Standing } from './call.js';
import { epochBefore, existingEpoch, isEpochInWindow, stands, voidEpoch } from './epoch-rules.js';
import { isContribution } from './leaf-rules.js';
import { isVoid, roundOf } from './round-rules.js';
import { ensure, type Env, known, runOf } from './rules.js';
import type { EpochEntry, Run, State } from './state.js';

const PPM = 1_000_000;

/** shares.rs; each changes `state`, or throws Refused. */
export function disputeOrder(
  state: State,
  env: Env,
  { run: id, epoch, first, second }: Extract<Fault, { readonly kind: 'entitlementOrder' }>,
): void {
  const [run, entry] = disputable(state, env, id, epoch);
  ensure(stands(entry, first) && stands(entry, second), 'WrongProof');
  const isDisordered = first.leaf.account >= second.leaf.account;
  ensure(first.index + 1 === second.index && isDisordered, 'FaultNotProven');
  voidEpoch(state, [id, run, epoch]);
}

export function disputeShare(state: State, env: Env, fault: ShareFault): void {
  const { run: id, epoch, account } = fault;
  const [run, entry] = disputable(state, env, id, epoch);
  const previous = epochBefore(state, id, epoch);
  const after = entitlement(entry, account, fault.after);
  const before = previous === undefined ? 0n : entitlement(previous, account, fault.before);
  const isWrong =
    after < before || isWrongShare(state, { run, previous, entry }, fault, after - before);
  ensure(isWrong, 'FaultNotProven');
  voidEpoch(state, [id, run, epoch]);
}

function disputable(state: State, env: Env, id: number, epoch: number): readonly [Run, EpochEntry] {
  const run = runOf(state, id);
  const entry = existingEpoch(state, [id, run, epoch]);
  ensure(isEpochInWindow(env, run, entry), 'EpochIsFinal');
  return [run, entry];
}

function entitlement(entry: EpochEntry, account: AccountId, standing: Standing): bigint {
  if (standing.kind === 'entitled') {
    const { index, cumulative, proof } = standing;
    ensure(stands(entry, { index, leaf: { account, cumulative }, proof }), 'WrongProof');
    return cumulative;
  }
  ensure(isBetween(entry, account, standing), 'WrongProof');
  return 0n;
}

function isBetween(
  entry: EpochEntry,
  account: AccountId,
  { left, right }: { readonly left: Claim | undefined; readonly right: Claim | undefined },
): boolean {
  const stand = [left, right].every((claim) => claim === undefined || stands(entry, claim));
  const isOrdered =
    (left === undefined || left.leaf.account < account) &&
    (right === undefined || account < right.leaf.account);
  const afterLeft = left === undefined ? 0 : left.index + 1;
  return stand && isOrdered && afterLeft === (right?.index ?? entry.accounts);
}

interface Epochs {
  readonly run: Run;
  readonly previous: EpochEntry | undefined;
  readonly entry: EpochEntry;
}

function isWrongShare(
  state: State,
  { run, previous, entry }: Epochs,
  fault: ShareFault,
  increase: bigint,
): boolean {
  if (fault.shown.length === 0) return false;
  const budget = entry.total - (previous?.total ?? 0n);
  const all = entry.countedWeight - (previous?.countedWeight ?? 0n);
  ensure(run.payout.capPpm === PPM, 'ShareNotDecidable');
  const { own, unseen, payees } = look(state, entry, fault, all);
  if (run.payout.policy === 'weight') {
    const most = own + unseen;
    const ceiling = most > 0n ? part(budget, most, all) + 1n : 0n;
    return increase < part(budget, own, all) || ceiling < increase;
  }
  ensure(run.payout.policy === 'equal', 'ShareNotDecidable');
  const tookPart = own > 0n;
  const fewest = BigInt(payees + (tookPart ? 0 : 1));
  const least = tookPart ? part(budget, 1n, fewest + unseen) : 0n;
  const ceiling = tookPart || unseen > 0n ? part(budget, 1n, fewest) + 1n : 0n;
  return increase < least || ceiling < increase;
}

/** ⌊budget · x ÷ all⌋ */
function part(budget: bigint, x: bigint, all: bigint): bigint {
  return (budget * x) / (all > 0n ? all : 1n);
}

function look(
  state: State,
  entry: EpochEntry,
  fault: ShareFault,
  all: bigint,
): { readonly own: bigint; readonly unseen: bigint; readonly payees: number } {
  const isAscending = fault.shown.every((leaf, i) => {
    const next = fault.shown[i + 1];
    if (next === undefined) return true;
    return leaf.round < next.round || (leaf.round === next.round && leaf.index < next.index);
  });
  ensure(isAscending, 'WrongShownLeaf');
  let [own, unseen] = [0n, all];
  const payees = new Set<AccountId>();
  for (const shown of fault.shown) {
    const payee = payeeOf(state, entry, fault.run, shown);
    const { weight } = shown.leaf;
    unseen = unseen > weight ? unseen - weight : 0n;
    if (payee === fault.account) own += weight;
    payees.add(payee);
  }
  return { own, unseen, payees: payees.size };
}

function payeeOf(state: State, entry: EpochEntry, id: number, shown: ShownLeaf): AccountId {
  const { round: number, index, leaf } = shown;
  const isCovered = entry.firstRound <= number && number <= entry.lastRound;
  ensure(isCovered && !isVoid(state, id, number), 'WrongShownLeaf');
  const round = known(roundOf(state, id, number), 'WrongShownLeaf');
  ensure(isContribution(round, index, shown), 'WrongShownLeaf');
  const node = known(state.nodes.get(leaf.node), 'WrongShownLeaf');
  return known(state.organisations.get(node.organisation), 'WrongShownLeaf').payout;
}
