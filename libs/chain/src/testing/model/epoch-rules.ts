import { type AccountId, ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { ENTITLE, EPOCH, type Epoch, recordHash, sumLeaf, verifySum } from '@tallystick/record';
import type { CallArguments, Claim } from './call.js';
import { isFinal, isVoid, roundOf } from './round-rules.js';
import { ensure, ensureSigned, type Env, known, runOf } from './rules.js';
import type { EpochEntry, Round, Run, State } from './state.js';

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** epochs.rs and claims.rs: what an epoch over so many non-empty rounds pays. */
function due({ payout, funded, allotted }: Run, rounds: number): bigint {
  const whole = (payout.epochBudget * BigInt(rounds)) / BigInt(payout.epochRounds);
  return smaller(whole, larger(funded - allotted, 0n));
}

/** What the rounds that count and no epoch covers would be paid at most. */
export function owed(state: State, id: number, run: Run): bigint {
  const settled = epochBefore(state, id, run.epoch)?.countedRounds ?? 0;
  return due(run, Math.max(0, run.countedRounds - settled));
}

/** The epoch before `number`. */
export function epochBefore(state: State, id: number, number: number): EpochEntry | undefined {
  return number === 0 ? undefined : state.epochs.get(`${id}/${number - 1}`);
}

/** The epoch, if it counts. */
export function existingEpoch(
  state: State,
  [id, run, number]: readonly [number, Run, number],
): EpochEntry {
  ensure(number < run.epoch, 'UnknownEpoch');
  return known(state.epochs.get(`${id}/${number}`), 'UnknownEpoch');
}

/** True while the epoch can be disputed and objected to. */
export function isEpochInWindow(env: Env, run: Run, entry: EpochEntry): boolean {
  return env.isOpen(env.nowMs, entry.settledAtMs, run.windows.challengeMs);
}

function isEpochFinal(env: Env, run: Run, entry: EpochEntry): boolean {
  const isOver = !isEpochInWindow(env, run, entry);
  return entry.status === 'settled' && run.objections === 0 && isOver;
}

/** Refuses while an epoch can be voided; gives back the bond of whoever settled the newest one. */
export function finishEpochs(state: State, env: Env, id: number, run: Run): void {
  ensure(run.objections === 0, 'EpochsPending');
  settleBefore(state, env, { id, run, isCovered: false });
}

interface Settling {
  readonly id: number;
  readonly run: Run;
  readonly isCovered: boolean;
}

function settleBefore(state: State, env: Env, { id, run, isCovered }: Settling): void {
  const before = epochBefore(state, id, run.epoch);
  if (before === undefined || (isCovered && before.bond === 0n)) return;
  ensure(isEpochFinal(env, run, before), 'EpochsPending');
  state.epochs.set(`${id}/${run.epoch - 1}`, { ...before, bond: 0n });
}

export function settleEpoch(
  state: State,
  env: Env,
  { who, record, signature }: { readonly who: AccountId } & CallArguments['settle_epoch'],
): void {
  const { run: id, epoch: number } = record;
  const run = runOf(state, id);
  const before = epochBefore(state, id, number);
  const { last, rounds } = covered(state, env, run, record);
  ensureTotal(run, due(run, rounds), record);
  const isCoordinators = who === run.coordinator;
  if (isCoordinators) {
    ensureSigned(run, known(run.keys.at(-1), 'NoCoordinatorKey').fromRound, [
      EPOCH,
      record,
      signature,
    ]);
  } else {
    const finalAtMs = last.committedAtMs + run.windows.challengeMs;
    const sinceMs = larger(before?.settledAtMs ?? 0n, finalAtMs);
    ensure(env.nowMs >= sinceMs + run.windows.settleMs, 'SettlesTooEarly');
  }
  const bond = 2n * run.payout.epochBudget;
  const isCovered = isCoordinators && run.bond >= bond;
  settleBefore(state, env, { id, run, isCovered });
  const old = state.epochs.get(`${id}/${number}`);
  const objections = run.objections - (old?.objector === undefined ? 0 : 1);
  const hash = recordHash(sha256, EPOCH, record);
  state.runs.set(id, {
    ...run,
    objections,
    epoch: number + 1,
    settledRounds: record.lastRound + 1,
    epochHead: hash,
    allotted: record.total,
  });
  state.epochs.set(`${id}/${number}`, {
    record: hash,
    root: record.entitleRoot,
    accounts: record.accounts,
    total: record.total,
    firstRound: record.firstRound,
    lastRound: record.lastRound,
    countedRounds: last.countedRounds,
    countedWeight: last.countedWeight,
    settledAtMs: env.nowMs,
    settler: who,
    bond: isCovered ? 0n : bond,
    status: 'settled',
  });
}

function covered(
  state: State,
  env: Env,
  run: Run,
  record: Epoch,
): { readonly last: Round; readonly rounds: number } {
  const { run: id, lastRound } = record;
  ensure(record.chain === env.chain, 'WrongChain');
  ensure(run.payout.epochBudget > 0n, 'RunDoesNotPay');
  const isNext = record.epoch === run.epoch && record.prev === run.epochHead;
  ensure(isNext && record.firstRound === run.settledRounds, 'WrongEpoch');
  ensure(record.firstRound <= lastRound, 'WrongLastRound');
  const last = known(roundOf(state, id, lastRound), 'WrongLastRound');
  ensure(!isVoid(state, id, lastRound) && last.header === record.lastHeader, 'WrongLastRound');
  ensure(isFinal(state, env, id, lastRound), 'RoundNotFinal');
  const settled = epochBefore(state, id, record.epoch)?.countedRounds ?? 0;
  const rounds = Math.max(0, last.countedRounds - settled);
  ensure(1 <= rounds && rounds <= run.payout.epochRounds, 'WrongEpochLength');
  return { last, rounds };
}

function ensureTotal({ payout, allotted }: Run, pays: bigint, record: Epoch): void {
  const nothing = payout.policy === 'contribution' && record.total === allotted;
  ensure(record.total === allotted + pays || nothing, 'WrongTotal');
  const isEmpty = record.accounts === 0;
  const fits = (record.entitleRoot === ZERO_HASH) === isEmpty;
  ensure(fits && (record.total === 0n || !isEmpty), 'WrongEntitleRoot');
}

export function object(
  state: State,
  env: Env,
  { who, run: id, epoch }: { readonly who: AccountId } & CallArguments['object'],
): void {
  const run = runOf(state, id);
  const entry = existingEpoch(state, [id, run, epoch]);
  ensure(entry.status === 'settled', 'EpochNotSettled');
  ensure(isEpochInWindow(env, run, entry), 'EpochIsFinal');
  state.epochs.set(`${id}/${epoch}`, { ...entry, status: 'objected', objector: who });
  state.runs.set(id, { ...run, objections: run.objections + 1 });
}

export function resolve(state: State, { run: id, epoch, upheld }: CallArguments['resolve']): void {
  const run = runOf(state, id);
  const entry = known(state.epochs.get(`${id}/${epoch}`), 'UnknownEpoch');
  ensure(entry.objector !== undefined, 'NotObjected');
  const counts = epoch < run.epoch;
  if (counts && upheld) {
    voidEpoch(state, [id, run, epoch]);
    return;
  }
  const { objector: _, ...rest } = entry;
  state.epochs.set(`${id}/${epoch}`, { ...rest, status: counts ? 'settled' : 'void' });
  state.runs.set(id, { ...run, objections: run.objections - 1 });
}

/** Takes an epoch and those after it out. */
export function voidEpoch(state: State, [id, run, number]: readonly [number, Run, number]): void {
  const { objector, ...entry } = existingEpoch(state, [id, run, number]);
  const bond = entry.bond > 0n ? run.bond : 0n;
  const isUnsecured = run.status === 'open' && bond === 0n;
  state.epochs.set(`${id}/${number}`, { ...entry, bond: 0n, status: 'void' });
  const before = epochBefore(state, id, number);
  state.runs.set(id, {
    ...run,
    bond,
    objections: run.objections - (objector === undefined ? 0 : 1),
    status: isUnsecured ? 'halted' : run.status,
    epoch: number,
    epochHead: before?.record ?? ZERO_HASH,
    allotted: before?.total ?? 0n,
    settledRounds: before === undefined ? 0 : before.lastRound + 1,
  });
}

/** Several claims at once; `claim` is one of them. */
export function claimMany(
  state: State,
  env: Env,
  { run: id, epoch, claims }: CallArguments['claim_many'],
): void {
  let run = runOf(state, id);
  const entry = existingEpoch(state, [id, run, epoch]);
  ensure(isEpochFinal(env, run, entry), 'EpochNotFinal');
  const next = epoch + 1 < run.epoch ? state.epochs.get(`${id}/${epoch + 1}`) : undefined;
  ensure(next === undefined || !isEpochFinal(env, run, next), 'EpochOutOfDate');
  for (const claim of claims) run = pay(state, [id, run], entry, claim);
  const isLast = epoch + 1 === run.epoch && entry.countedRounds === run.countedRounds;
  if (run.status === 'closed' && isLast) run = { ...run, funded: run.allotted };
  if (entry.bond > 0n) state.epochs.set(`${id}/${epoch}`, { ...entry, bond: 0n });
  state.runs.set(id, run);
}

function pay(
  state: State,
  [id, run]: readonly [number, Run],
  entry: EpochEntry,
  claim: Claim,
): Run {
  ensure(stands(entry, claim), 'WrongProof');
  const { account, cumulative } = claim.leaf;
  const amount = cumulative - (state.paid.get(`${id}/${account}`) ?? 0n);
  ensure(amount > 0n, 'NothingToClaim');
  ensure(run.paid + amount <= run.allotted, 'NotAllotted');
  state.paid.set(`${id}/${account}`, cumulative);
  return { ...run, paid: run.paid + amount };
}

/** True iff the leaf stands there among the epoch's entitlements. */
export function stands(entry: EpochEntry, { index, leaf, proof }: Claim): boolean {
  return verifySum(sha256, {
    root: entry.root,
    count: entry.accounts,
    total: entry.total,
    index,
    leaf: { hash: sumLeaf(sha256, ENTITLE, leaf), sum: leaf.cumulative },
    proof,
  });
}
