import { useSyncExternalStore } from 'react';

/** What answers tell of the coordinator besides what was asked. */
export interface CoordinatorState {
  /** It does not know any more who asks: a session ended, or a token was revoked. */
  readonly isEnded: boolean;
  /** Sign-ins since the page was loaded; what was refused before is asked for again. */
  readonly signIns: number;
  /** By how much this machine's clock is ahead of the coordinator's, milliseconds; to about a second. */
  readonly skewMs: number;
}

/** Steps of a measured skew that are shown; an answer's date has whole seconds and its way takes some time. */
const SKEW_STEP_MS = 5_000;

let state: CoordinatorState = { isEnded: false, signIns: 0, skewMs: 0 };
const listeners = new Set<() => void>();

/** Takes in an answer, whatever it is of. */
export function heard({ status, headers }: Response): void {
  const atMs = Date.parse(headers.get('date') ?? '');
  const skewMs = Number.isNaN(atMs) ? state.skewMs : Date.now() - atMs;
  const isNew = Math.abs(skewMs - state.skewMs) > SKEW_STEP_MS;
  const isEnded = state.isEnded || status === 401;
  if (isNew || isEnded !== state.isEnded) {
    set({ isEnded, skewMs: isNew ? skewMs : state.skewMs });
  }
}

/** Somebody signed in. */
export function signedIn(): void {
  set({ isEnded: false, signIns: state.signIns + 1 });
}

/** The coordinator's time, as far as its answers tell it. */
export const nowMs = (): number => Date.now() - state.skewMs;

export function useCoordinator(): CoordinatorState {
  return useSyncExternalStore(subscribe, () => state);
}

function set(change: Partial<CoordinatorState>): void {
  state = { ...state, ...change };
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
