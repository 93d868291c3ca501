import { type AccountId, assertNever, type Hash } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import {
  EXCLUDE,
  HEADER,
  type Header,
  plainLeaf,
  type RecordCodec,
  recordHash,
  type Signed,
  TASK,
  type Task,
  verifyPlain,
} from '@tallystick/record';
import type { CallArguments, Fault } from './call.js';
import { ensureLeaf, isContribution } from './leaf-rules.js';
import { openRound, roundOf, voidFrom } from './round-rules.js';
import { ensure, ensureSigned, type Env, known, runOf } from './rules.js';
import { ensurePromised } from './run-calls.js';
import { disputeOrder, disputeShare } from './share-calls.js';
import type { Demand, Round, State, Wanted } from './state.js';

const MAX_OPEN_DEMANDS = 16;
const QUORUM = 9;

/** demands.rs and disputes.rs; each changes `state`, or throws Refused. */
export function demand(
  state: State,
  env: Env,
  { who, run: id, round: number, subject }: { readonly who: AccountId } & CallArguments['demand'],
): void {
  const run = runOf(state, id);
  const round = openRound(state, env, [id, run, number]);
  let wanted: Wanted;
  if ('leaf' in subject) {
    ensure(subject.leaf < round.included, 'NoSuchLeaf');
    wanted = subject;
  } else {
    ensurePromised(run, env, subject.promise, [id, number]);
    const { node, receipt } = subject.promise.value;
    wanted = { node, receipt };
  }
  const open = state.openDemands.get(id) ?? [];
  const isKnown = open.some(([at, demanded]) => {
    const stored = state.demands.get(`${id}/${at}/${demanded}`);
    return at === number && stored !== undefined && isSame(stored.wanted, wanted);
  });
  ensure(!isKnown, 'DemandExists');
  ensure(open.length < MAX_OPEN_DEMANDS, 'TooManyDemands');
  const next = state.nextDemand.get(id) ?? 0;
  state.openDemands.set(id, [...open, [number, next]]);
  state.nextDemand.set(id, next + 1);
  const deadlineMs = env.nowMs + run.windows.challengeMs;
  state.demands.set(`${id}/${number}/${next}`, { challenger: who, wanted, deadlineMs });
}

function isSame(a: Wanted, b: Wanted): boolean {
  if ('leaf' in a) return 'leaf' in b && a.leaf === b.leaf;
  return !('leaf' in b) && a.node === b.node && a.receipt === b.receipt;
}

export function answer(
  state: State,
  env: Env,
  { run: id, round: number, demand: asked, answer }: CallArguments['answer'],
): void {
  const { wanted, deadlineMs } = demandOf(state, [id, number, asked]);
  ensure(env.nowMs <= deadlineMs, 'WindowOver');
  const run = runOf(state, id);
  const round = known(roundOf(state, id, number), 'UnknownRound');
  if ('leaf' in wanted) {
    ensure(answer.kind === 'leaf', 'OtherSubject');
    ensureLeaf({ state, env, id, run, number, round }, wanted.leaf, answer.evidence);
  } else if (answer.kind === 'counted') {
    const { leaf } = answer;
    ensure(leaf.node === wanted.node && leaf.receipt === wanted.receipt, 'OtherReceipt');
    ensure(isContribution(round, answer.index, answer), 'BadPath');
  } else {
    ensure(answer.kind === 'quorum', 'OtherSubject');
    ensure(round.included === 0, 'RoundNotEmpty');
    const isExcluded = verifyPlain(sha256, {
      root: round.root,
      count: round.excluded,
      index: answer.index,
      leaf: plainLeaf(sha256, EXCLUDE, { ...wanted, reason: QUORUM }),
      proof: answer.proof,
    });
    ensure(isExcluded, 'BadPath');
  }
  removeDemand(state, [id, number, asked]);
}

type DemandKey = readonly [run: number, round: number, demand: number];

function demandOf(state: State, key: DemandKey): Demand {
  return known(state.demands.get(key.join('/')), 'UnknownDemand');
}

function removeDemand(state: State, key: DemandKey): void {
  const [id, round, asked] = key;
  state.demands.delete(key.join('/'));
  const open = state.openDemands.get(id) ?? [];
  state.openDemands.set(
    id,
    open.filter(([at, demanded]) => at !== round || demanded !== asked),
  );
}

interface Proved {
  readonly run: number;
  readonly from: number;
  readonly isEquivocation: boolean;
}

export function dispute(state: State, env: Env, { fault }: CallArguments['dispute']): void {
  switch (fault.kind) {
    case 'entitlementOrder':
      disputeOrder(state, env, fault);
      break;
    case 'share':
      disputeShare(state, env, fault.fault);
      break;
    default:
      punish(state, env, prove(state, env, fault));
  }
}

function prove(
  state: State,
  env: Env,
  fault: Without<Fault, 'entitlementOrder' | 'share'>,
): Proved {
  switch (fault.kind) {
    case 'unanswered': {
      const { run, round } = fault;
      const { deadlineMs } = demandOf(state, [run, round, fault.demand]);
      ensure(env.nowMs > deadlineMs, 'AnswerNotDue');
      return { run, from: round, isEquivocation: false };
    }
    case 'order': {
      const { run, round: number, index, first, second } = fault;
      const round = openRound(state, env, [run, runOf(state, run), number]);
      ensure(isContribution(round, index, first), 'BadPath');
      ensure(isContribution(round, index + 1, second), 'BadPath');
      ensure(first.leaf.node >= second.leaf.node, 'InOrder');
      return { run, from: number, isEquivocation: false };
    }
    case 'headers':
      return signedTwice(state, env, HEADER, fault);
    case 'tasks':
      return signedTwice(state, env, TASK, fault);
    case 'header':
      return signedOtherwise(state, env, HEADER, [fault.signed, ({ header }) => header]);
    case 'task':
      return signedOtherwise(state, env, TASK, [fault.signed, ({ task }) => task]);
    default:
      return assertNever(fault);
  }
}

type Without<F, K> = F extends { readonly kind: K } ? never : F;

function signedTwice<R extends Header | Task>(
  state: State,
  env: Env,
  codec: RecordCodec<R>,
  { first, second }: { readonly first: Signed<R>; readonly second: Signed<R> },
): Proved {
  const [a, b] = [first.value, second.value];
  ensure(a.chain === b.chain && a.run === b.run && a.round === b.round, 'WrongPlace');
  ensure(recordHash(sha256, codec, a) !== recordHash(sha256, codec, b), 'SameRecord');
  ensurePlace(state, env, codec, first);
  ensurePlace(state, env, codec, second);
  return { run: a.run, from: a.round, isEquivocation: true };
}

function signedOtherwise<R extends Header | Task>(
  state: State,
  env: Env,
  codec: RecordCodec<R>,
  [signed, committed]: readonly [Signed<R>, (round: Round) => Hash],
): Proved {
  ensurePlace(state, env, codec, signed);
  const { run, round: number } = signed.value;
  const round = known(roundOf(state, run, number), 'UnknownRound');
  ensure(committed(round) !== recordHash(sha256, codec, signed.value), 'SameRecord');
  return { run, from: number, isEquivocation: true };
}

function ensurePlace<R extends Header | Task>(
  state: State,
  env: Env,
  codec: RecordCodec<R>,
  { value, signature }: Signed<R>,
): void {
  ensure(value.chain === env.chain, 'WrongChain');
  const run = runOf(state, value.run);
  if (value.round < run.nextRound) openRound(state, env, [value.run, run, value.round]);
  ensureSigned(run, value.round, [codec, value, signature]);
}

function punish(state: State, env: Env, { run: id, from, isEquivocation }: Proved): void {
  const run = runOf(state, id);
  ensure(run.status === 'open' || run.status === 'halted', 'RunNotOpen');
  const first = Math.min(from, run.nextRound);
  for (const [round, asked] of state.openDemands.get(id) ?? []) {
    if (round >= first) removeDemand(state, [id, round, asked]);
  }
  const voided = voidFrom(state, env, [id, { ...run, bond: 0n }, first]);
  const isOver = isEquivocation || run.payout.epochBudget > 0n || !voided.fits;
  state.runs.set(id, { ...voided.run, status: isOver ? 'halted' : voided.run.status });
}
