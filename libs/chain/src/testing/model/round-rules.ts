import { ZERO_HASH } from '@tallystick/kernel';
import { ensure, type Env, firstHead, known } from './rules.js';
import type { Round, Run, Span, State } from './state.js';

const MAX_OPEN_ROUNDS = 1_024;
const MAX_VOID_SPANS = 64;

/** rounds.rs: the round with this number. */
export function roundOf(state: State, id: number, number: number): Round | undefined {
  return state.rounds.get(`${id}/${number}`);
}

/** True iff the number does not count. */
export function isVoid(state: State, id: number, number: number): boolean {
  const spans = state.voids.get(id) ?? [];
  return spans.some(({ from, until }) => from <= number && number < until);
}

/** True while the round can be challenged. */
export function isInWindow(env: Env, run: Run, round: Round): boolean {
  return env.isOpen(env.nowMs, round.committedAtMs, run.windows.challengeMs);
}

/** The number of the newest round below `before` that counts. */
export function newestBefore(state: State, id: number, before: number): number | undefined {
  const end = (state.voids.get(id) ?? []).reduceRight(
    (end, { from, until }) => (from <= end && end <= until && end > from ? from : end),
    before,
  );
  return end === 0 ? undefined : end - 1;
}

/** The newest round below `before` that counts. */
export function newestRound(state: State, id: number, before: number): Round | undefined {
  const number = newestBefore(state, id, before);
  return number === undefined ? undefined : roundOf(state, id, number);
}

/** A round that can still be challenged. */
export function openRound(
  state: State,
  env: Env,
  [id, run, number]: readonly [number, Run, number],
): Round {
  ensure(run.status === 'open' || run.status === 'halted', 'RunNotOpen');
  const round = known(roundOf(state, id, number), 'UnknownRound');
  ensure(!isVoid(state, id, number), 'RoundVoid');
  ensure(isInWindow(env, run, round), 'WindowOver');
  return round;
}

/** True iff nothing can void the round any more. */
export function isFinal(state: State, env: Env, id: number, number: number): boolean {
  const [run, round] = [state.runs.get(id), roundOf(state, id, number)];
  if (run === undefined || round === undefined) return false;
  const isDemanded = (state.openDemands.get(id) ?? []).some(([demanded]) => demanded <= number);
  return !isInWindow(env, run, round) && !isDemanded && !isVoid(state, id, number);
}

/** Refuses while a round or a demand is open. */
export function ensureNothingPending(state: State, env: Env, id: number, run: Run): void {
  const newest = newestRound(state, id, run.nextRound);
  ensure(newest === undefined || !isInWindow(env, run, newest), 'RoundsPending');
  ensure((state.openDemands.get(id) ?? []).length === 0, 'DemandsPending');
}

/** The run on `round`; without one, on its beginning. */
export function standOn(env: Env, id: number, run: Run, round: Round | undefined): Run {
  if (round === undefined) {
    return {
      ...run,
      head: firstHead(env, id, run),
      newest: run.model,
      state: ZERO_HASH,
      lastAtBlock: 0,
      lastClosedAtMs: 0n,
      countedRounds: 0,
      countedWeight: 0n,
    };
  }
  return {
    ...run,
    head: round.header,
    newest: round.model,
    state: round.state,
    lastAtBlock: round.atBlock,
    lastClosedAtMs: round.closedAtMs,
    countedRounds: round.countedRounds,
    countedWeight: round.countedWeight,
  };
}

/** Takes numbers from `from` on out; the run after it, and whether another span is left. */
export function voidFrom(
  state: State,
  env: Env,
  [id, run, from]: readonly [number, Run, number],
): { readonly run: Run; readonly fits: boolean } {
  const until = run.nextRound + MAX_OPEN_ROUNDS;
  const spans = [...(state.voids.get(id) ?? [])];
  let span: Span = { from, until };
  for (let last = spans.at(-1); last !== undefined && from <= last.until; last = spans.at(-1)) {
    span = { from: Math.min(span.from, last.from), until };
    spans.pop();
  }
  if (spans.length < MAX_VOID_SPANS) spans.push(span);
  state.voids.set(id, spans);
  const stands = standOn(env, id, { ...run, nextRound: until }, newestRound(state, id, from));
  return { run: stands, fits: spans.length < MAX_VOID_SPANS };
}
