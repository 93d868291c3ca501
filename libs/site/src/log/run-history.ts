import { type Hash, type Sha256, ZERO_HASH } from '@tallystick/kernel';
import { GENESIS, type Header, HEADER, recordHash, type Task } from '@tallystick/record';

/** The signed headers of one run as far as this site holds them: always an unbroken chain from round 0. */
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

function expectedAfter(history: RunHistory): Expected {
  const { genesis, head } = history;
  if (head === undefined) return { round: 0, ...genesis, state: ZERO_HASH, minAtBlock: 0 };
  const { round, modelAfter, stateAfter, atBlock } = head.header;
  return {
    round: round + 1,
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
  history: RunHistory | undefined,
  header: Header,
): RunHistory | string {
  const base = history ?? { genesis: { prev: header.prev, model: header.modelBefore } };
  const want = expectedAfter(base);
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

/** The history a first task implies: only round 0 can open a run that this site knows nothing of. */
export function historyOfFirstTask(task: Task): RunHistory {
  return { genesis: { prev: task.prev, model: task.model } };
}

/** What in `task` does not continue `history`; undefined when it does. */
export function taskFault(sha256: Sha256, history: RunHistory, task: Task): string | undefined {
  const want = expectedAfter(history);
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
