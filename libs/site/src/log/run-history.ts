import { type Hash, type Sha256, ZERO_HASH } from '@tallystick/kernel';
import { GENESIS, type Header, HEADER, recordHash, type Task } from '@tallystick/record';
import { isVoid, lastCounting, nextCounting, type VoidSpan } from '@tallystick/rounds';

/**
 * The signed headers of one run as far as this site holds them: always an unbroken chain from the first round, of those
 * that count as far as it knows.
 */
export interface RunHistory {
  /** `prev` and model of round 0; they bind the run spec (protocol.md §4, genesis). */
  readonly genesis: { readonly prev: Hash; readonly model: Hash };
  /** The newest header; undefined before the first one. */
  readonly head?: { readonly header: Header; readonly hash: Hash };
}

/** What the next round must start from. */
interface Expected {
  readonly round: number;
  readonly prev: Hash;
  readonly model: Hash;
  readonly state: Hash;
  readonly minAtBlock: number;
}

function expectedAfter(history: RunHistory, voids: readonly VoidSpan[]): Expected {
  const { genesis, head } = history;
  const round0 = nextCounting(voids, 0);
  if (head === undefined) return { round: round0, ...genesis, state: ZERO_HASH, minAtBlock: 0 };
  const { round, modelAfter, stateAfter, atBlock } = head.header;
  return {
    round: nextCounting(voids, round + 1),
    prev: head.hash,
    model: modelAfter,
    state: stateAfter,
    minAtBlock: atBlock,
  };
}

function differs(field: string, got: unknown, want: unknown): string {
  return `${field} is ${String(got)}, expected ${String(want)}`;
}

/** The chain with `header` at its end, or what does not fit. Says nothing about signatures. */
export function extendHistory(
  sha256: Sha256,
  {
    history,
    voids,
  }: { readonly history: RunHistory | undefined; readonly voids: readonly VoidSpan[] },
  header: Header,
): RunHistory | string {
  const base = history ?? { genesis: { prev: header.prev, model: header.modelBefore } };
  const want = expectedAfter(base, voids);
  if (header.round !== want.round) return differs('round', header.round, want.round);
  if (header.prev !== want.prev) return differs('prev', header.prev, want.prev);
  if (header.modelBefore !== want.model) {
    return differs('modelBefore', header.modelBefore, want.model);
  }
  if (header.atBlock < want.minAtBlock) {
    return `atBlock went back from ${want.minAtBlock} to ${header.atBlock}`;
  }
  if (header.included + header.excluded !== header.cohort) {
    return `included ${header.included} + excluded ${header.excluded} is not cohort ${header.cohort}`;
  }
  return { genesis: base.genesis, head: { header, hash: recordHash(sha256, HEADER, header) } };
}

/** Does every number in `inner` stand in `outer`, too? */
export function covers(outer: readonly VoidSpan[], inner: readonly VoidSpan[]): boolean {
  return inner.every(({ from, until }) =>
    outer.some((span) => span.from <= from && until <= span.until),
  );
}

/**
 * The chain without the rounds that `voids` take out, or what does not fit.
 * @param head the header that it ends with then; undefined when nothing is taken out, or everything
 */
export function withoutVoids(
  sha256: Sha256,
  {
    history,
    voids,
  }: { readonly history: RunHistory | undefined; readonly voids: readonly VoidSpan[] },
  head: Header | undefined,
): RunHistory | undefined | string {
  const newest = history?.head?.header.round;
  if (history === undefined || newest === undefined || !isVoid(voids, newest)) return history;
  const { genesis } = history;
  const last = lastCounting(voids, newest);
  if (last !== head?.round) return differs('head', head?.round ?? 'none', last ?? 'none');
  if (head === undefined) return { genesis };
  return { genesis, head: { header: head, hash: recordHash(sha256, HEADER, head) } };
}

/** The history a first task implies: only the first round can open a run that this site knows nothing of. */
export function historyOfFirstTask(task: Task): RunHistory {
  return { genesis: { prev: task.prev, model: task.model } };
}

/** What in `task` does not continue `history`; undefined when it does. */
export function taskFault(
  sha256: Sha256,
  { history, voids }: { readonly history: RunHistory; readonly voids: readonly VoidSpan[] },
  task: Task,
): string | undefined {
  const want = expectedAfter(history, voids);
  if (task.round !== want.round) return differs('round', task.round, want.round);
  if (task.prev !== want.prev) return differs('prev', task.prev, want.prev);
  if (task.model !== want.model) return differs('model', task.model, want.model);
  if (task.state !== want.state) return differs('state', task.state, want.state);
  if (task.atBlock < want.minAtBlock) {
    return `atBlock went back from ${want.minAtBlock} to ${task.atBlock}`;
  }
  const { chain, run, spec } = task;
  const genesis = recordHash(sha256, GENESIS, { chain, run, spec, model: history.genesis.model });
  if (genesis !== history.genesis.prev) return differs('genesis', genesis, history.genesis.prev);
  return undefined;
}
