import { type AccountId, ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { HEADER, type Header, PROMISE, recordHash } from '@tallystick/record';
import type { CallArguments } from './call.js';
import { finishEpochs, owed } from './epoch-rules.js';
import { ensureNothingPending, standOn, voidFrom } from './round-rules.js';
import { ensure, ensurePossession, ensureSigned, type Env, firstHead, runOf } from './rules.js';
import type { Round, Run, State, Terms } from './state.js';

const MAX_KEYS = 16;
const MAX_WINDOW_MS = 366n * 86_400_000n;
const MAX_TASK_AGE_BLOCKS = 1_024;
const MAX_CLOCK_LEAD_MS = 60_000n;
const SUM_WEIGHT_LIMIT = 1n << 22n;
const MAX_EPOCH_ROUNDS = 1_024;
const PPM = 1_000_000;
const MAX_ATTESTS = 8;
const MAX_PRUNED_ROUNDS = 256;
const MAX_U128 = (1n << 128n) - 1n;

/** runs.rs, rounds.rs, attests.rs and succession.rs; each changes `state`, or throws Refused. */
export function createRun(
  state: State,
  owner: AccountId,
  { coordinator, terms, pot }: CallArguments['create_run'],
): void {
  ensureTerms(terms);
  state.runs.set(state.runs.size, {
    ...terms,
    owner,
    coordinator,
    keys: [],
    head: ZERO_HASH,
    newest: terms.model,
    state: ZERO_HASH,
    nextRound: 0,
    funded: pot,
    allotted: 0n,
    paid: 0n,
    bond: 0n,
    epoch: 0,
    epochHead: ZERO_HASH,
    settledRounds: 0,
    countedRounds: 0,
    countedWeight: 0n,
    objections: 0,
    lastAtBlock: 0,
    lastClosedAtMs: 0n,
    lastActiveMs: 0n,
    status: 'proposed',
  });
}

function ensureTerms({ minNodes, windows, weighting, payout }: Terms): void {
  ensure(minNodes > 0, 'ZeroMinNodes');
  const { challengeMs, settleMs, haltMs, maxTaskAgeBlocks } = windows;
  ensure(
    [challengeMs, settleMs, haltMs].every((ms) => ms <= MAX_WINDOW_MS),
    'WindowTooLong',
  );
  const isAge = 1 <= maxTaskAgeBlocks && maxTaskAgeBlocks <= MAX_TASK_AGE_BLOCKS;
  ensure(isAge, 'TaskAgeOutOfRange');
  ensure(weighting.cap > 0n, 'ZeroCap');
  const { epochRounds, capPpm, epochBudget } = payout;
  ensure(1 <= epochRounds && epochRounds <= MAX_EPOCH_ROUNDS, 'EpochRoundsOutOfRange');
  ensure(1 <= capPpm && capPpm <= PPM, 'CapOutOfRange');
  ensure(epochBudget <= MAX_U128 / 2n, 'BudgetTooLarge');
}

type KeyCall = CallArguments['accept_run'];

export function acceptRun(
  state: State,
  env: Env,
  who: AccountId,
  { run: id, ...key }: KeyCall,
): void {
  const run = runOf(state, id);
  ensure(run.coordinator === who, 'NotCoordinator');
  ensure(run.status === 'proposed', 'RunNotProposed');
  ensureFreeKey(state, env, who, key);
  const head = run.keys.length === 0 ? firstHead(env, id, run) : run.head;
  state.runs.set(id, {
    ...withKey(run, key),
    head,
    bond: 2n * run.payout.epochBudget,
    lastActiveMs: env.nowMs,
    status: 'open',
  });
}

/** The coordinator holds the key, and no node has it. */
function ensureFreeKey(state: State, env: Env, who: AccountId, key: Omit<KeyCall, 'run'>): void {
  ensurePossession(env, who, key);
  ensure(!state.keyOwner.has(key.key), 'KeyInUse');
}

function withKey(run: Run, { key }: Pick<KeyCall, 'key'>): Run {
  const last = run.keys.at(-1);
  ensure(last === undefined || last.fromRound < run.nextRound, 'KeyNotUsedYet');
  ensure(run.keys.length < MAX_KEYS, 'TooManyKeys');
  return { ...run, keys: [...run.keys, { fromRound: run.nextRound, key }] };
}

export function replaceKey(
  state: State,
  env: Env,
  who: AccountId,
  { run: id, ...key }: KeyCall,
): void {
  const run = runOf(state, id);
  ensure(run.coordinator === who, 'NotCoordinator');
  ensure(run.status === 'open', 'RunNotOpen');
  ensureFreeKey(state, env, who, key);
  state.runs.set(id, withKey(run, key));
}

export function commitRound(
  state: State,
  env: Env,
  { who, header, signature }: { readonly who: AccountId } & CallArguments['commit_round'],
): void {
  const run = runOf(state, header.run);
  ensure(run.coordinator === who, 'NotCoordinator');
  ensurePlace(run, env, header);
  ensureCounts(run, header);
  ensureTime(run, env, header);
  ensureSigned(run, header.round, [HEADER, header, signature]);
  const round: Round = {
    header: recordHash(sha256, HEADER, header),
    root: header.included > 0 ? header.contribRoot : header.excludedRoot,
    included: header.included,
    sumWeight: header.sumWeight,
    excluded: header.excluded,
    atBlock: header.atBlock,
    committedAtMs: env.nowMs,
    task: header.task,
    model: header.modelAfter,
    state: header.stateAfter,
    closedAtMs: header.closedAtMs,
    mode: header.mode,
    countedRounds: run.countedRounds + (header.included > 0 ? 1 : 0),
    countedWeight: run.countedWeight + header.sumWeight,
  };
  const next = { ...run, nextRound: header.round + 1, lastActiveMs: env.nowMs };
  state.runs.set(header.run, standOn(env, header.run, next, round));
  state.rounds.set(`${header.run}/${header.round}`, round);
}

function ensurePlace(run: Run, env: Env, header: Header): void {
  ensure(header.chain === env.chain, 'WrongChain');
  ensure(header.mode === 0 || header.mode === 2, 'UnsupportedMode');
  ensure(run.status === 'open', 'RunNotOpen');
  ensure(header.round === run.nextRound, 'WrongRound');
  ensure(header.prev === run.head, 'WrongPrev');
  ensure(header.modelBefore === run.newest, 'WrongModelBefore');
}

function ensureCounts(run: Run, header: Header): void {
  ensure(header.included + header.excluded === header.cohort, 'WrongCohort');
  ensure(header.sumWeight < SUM_WEIGHT_LIMIT, 'WeightTooLarge');
  if (header.included === 0) {
    ensure(header.sumWeight === 0n, 'EmptyRoundHasWeight');
    ensure(header.modelAfter === run.newest, 'EmptyRoundChangesModel');
    ensure(header.stateAfter === run.state, 'EmptyRoundChangesState');
  } else {
    ensure(header.included >= run.minNodes, 'TooFewIncluded');
    ensure(header.sumWeight >= BigInt(header.included), 'WeightTooSmall');
  }
  ensure((header.included === 0) === (header.contribRoot === ZERO_HASH), 'WrongContribRoot');
  ensure((header.excluded === 0) === (header.excludedRoot === ZERO_HASH), 'WrongExcludedRoot');
}

function ensureTime(run: Run, env: Env, header: Header): void {
  ensure(header.atBlock >= run.lastAtBlock, 'AtBlockGoesBack');
  ensure(header.atBlock <= env.block, 'AtBlockInFuture');
  ensure(env.block - header.atBlock <= run.windows.maxTaskAgeBlocks, 'AtBlockTooOld');
  ensure(header.closedAtMs >= run.lastClosedAtMs, 'ClosedAtGoesBack');
  ensure(header.closedAtMs <= env.nowMs + MAX_CLOCK_LEAD_MS, 'ClosedAtInFuture');
}

export function closeRun(state: State, env: Env, who: AccountId, id: number): void {
  const run = runOf(state, id);
  ensure(run.owner === who, 'NotRunOwner');
  ensure(run.status !== 'closed', 'RunClosed');
  ensureNothingPending(state, env, id, run);
  finishEpochs(state, env, id, run);
  const rest = run.funded - run.allotted - owed(state, id, run);
  const refund = rest > 0n ? rest : 0n;
  state.runs.set(id, { ...run, funded: run.funded - refund, bond: 0n, status: 'closed' });
}

export function halt(state: State, env: Env, { run: id, promise }: CallArguments['halt']): void {
  const run = runOf(state, id);
  ensure(run.status === 'open', 'RunNotOpen');
  if (promise === undefined) {
    ensure(env.nowMs > run.lastActiveMs + run.windows.haltMs, 'NotSilent');
  } else {
    const { round, dueMs } = promise.value;
    ensurePromised(run, env, promise, [id, round]);
    ensure(round >= run.nextRound, 'RoundCommitted');
    ensure(env.nowMs > dueMs, 'PromiseNotDue');
  }
  state.runs.set(id, { ...run, status: 'halted' });
}

type SignedPromise = NonNullable<CallArguments['halt']['promise']>;

/** The promise is of this run and round, and signed by the key in force for it. */
export function ensurePromised(
  run: Run,
  env: Env,
  { value, signature }: SignedPromise,
  [id, round]: readonly [number, number],
): void {
  ensure(value.chain === env.chain, 'WrongChain');
  ensure(value.run === id && value.round === round, 'WrongPlace');
  ensureSigned(run, round, [PROMISE, value, signature]);
}

export function replaceCoordinator(
  state: State,
  env: Env,
  { who, run: id, coordinator }: { readonly who: AccountId } & CallArguments['replace_coordinator'],
): void {
  const run = runOf(state, id);
  ensure(run.owner === who, 'NotRunOwner');
  if (run.status === 'proposed') {
    state.runs.set(id, { ...run, coordinator });
    return;
  }
  ensure(run.status === 'halted', 'RunNotHalted');
  ensureNothingPending(state, env, id, run);
  finishEpochs(state, env, id, run);
  const next = voidFrom(state, env, [id, { ...run, bond: 0n }, run.nextRound]);
  ensure(next.fits, 'TooManyVoids');
  state.runs.set(id, { ...next.run, status: 'proposed', coordinator });
}

export function attest(
  state: State,
  who: AccountId,
  { run, round, verdict }: CallArguments['attest'],
): void {
  const key = `${run}/${round}`;
  ensure(state.rounds.has(key), 'UnknownRound');
  const verdicts = state.attests.get(key) ?? [];
  const others = verdicts.findIndex(([by]) => by === who);
  if (others < 0) ensure(verdicts.length < MAX_ATTESTS, 'TooManyAttests');
  const entry = [who, verdict] as const;
  state.attests.set(key, others < 0 ? [...verdicts, entry] : verdicts.with(others, entry));
}

export function prune(
  state: State,
  env: Env,
  { who, run: id, rounds }: { readonly who: AccountId } & CallArguments['prune'],
): void {
  const run = runOf(state, id);
  ensure(run.owner === who || who === state.registrar, 'NotRunOwner');
  ensure(run.status === 'closed', 'RunNotClosed');
  finishEpochs(state, env, id, run);
  ensure(owed(state, id, run) === 0n, 'EpochsPending');
  const from = state.pruned.get(id) ?? 0;
  const until = Math.min(from + Math.min(rounds, MAX_PRUNED_ROUNDS), run.nextRound);
  ensure(from < until, 'NothingToPrune');
  for (let round = from; round < until; round++) {
    state.rounds.delete(`${id}/${round}`);
    state.attests.delete(`${id}/${round}`);
  }
  state.pruned.set(id, until);
}

export function graduate(state: State, env: Env): State {
  ensure(state.embedded, 'NotEmbedded');
  ensure(env.authorities >= 2, 'TooFewAuthorities');
  ensure(!env.hasDevelopmentKey, 'DevelopmentKey');
  return { ...state, embedded: false };
}
