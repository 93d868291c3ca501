import { isTallyError, type RunId, TallyError } from '@tallystick/kernel';
import type { RoundView, RunEvent, RunView } from '@tallystick/protocol';
import type { OperatorApi } from '../api/operator-api.js';

const RECONNECT_MS = 500;
/** How long a command listens before it asks whether the run still goes on. */
const ASK_MS = 5_000;
/** A coordinator that does not answer for so long is reported. */
const MAX_SILENCE_MS = 60_000;
const SETTLE_POLL_MS = 150;
const SETTLE_TIMEOUT_MS = 60_000;

const END_EVENT = /^run\.(completed|failed|cancelled)$/;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Follows the events of a run until it ends; reconnects and misses none. Rejects with NET_* after a minute of silence. */
export async function watchRun(
  api: OperatorApi,
  run: RunId,
  options: { readonly signal: AbortSignal; readonly onEvent: (event: RunEvent) => void },
): Promise<RunView> {
  let lastId = 0;
  let silentSinceMs = performance.now();
  for (;;) {
    const enough = new AbortController();
    // The stream is for people; that the run ended is asked, too, so that no lost event can hold a command up.
    const asking = setTimeout(() => enough.abort(), ASK_MS);
    try {
      await api.events(run, { lastId, enough: enough.signal }, (event) => {
        silentSinceMs = performance.now();
        lastId = event.id;
        options.onEvent(event);
        if (END_EVENT.test(event.type)) enough.abort();
      });
      const view = await api.run(run);
      silentSinceMs = performance.now();
      if (view.endedAtMs !== null) return view;
    } catch (error) {
      if (options.signal.aborted) throw new TallyError('ROUND_RUN_CANCELLED', { run }, error);
      if (!isTallyError(error) || error.disposition !== 'retry') throw error;
      if (performance.now() - silentSinceMs > MAX_SILENCE_MS) throw error;
      await sleep(RECONNECT_MS);
    } finally {
      clearTimeout(asking);
    }
    if (!enough.signal.aborted) await sleep(RECONNECT_MS);
  }
}

/** Waits until every closed round is final on the chain; rejects with LEDGER_TIMEOUT after a minute without progress. */
export async function waitAnchored(api: OperatorApi, run: RunId): Promise<RunView> {
  let untilMs = performance.now() + SETTLE_TIMEOUT_MS;
  let committed = 0;
  for (;;) {
    const view = await api.run(run);
    if (view.committedRounds === view.closedRounds) return view;
    if (view.committedRounds > committed) untilMs = performance.now() + SETTLE_TIMEOUT_MS;
    committed = view.committedRounds;
    if (performance.now() > untilMs) {
      throw new TallyError('LEDGER_TIMEOUT', {
        call: `round ${view.committedRounds} of run ${run}`,
        timeoutMs: SETTLE_TIMEOUT_MS,
      });
    }
    await sleep(SETTLE_POLL_MS);
  }
}

/** All closed rounds of a run, void ones among them. */
export async function allRounds(
  api: Pick<OperatorApi, 'rounds'>,
  run: RunId,
): Promise<readonly RoundView[]> {
  const rounds: RoundView[] = [];
  for (;;) {
    const last = rounds.at(-1)?.round ?? -1; // numbers have gaps where the chain voided rounds
    const page = await api.rounds(run, last + 1);
    rounds.push(...page);
    if (page.length === 0) return rounds;
  }
}

/** The last round once `sites` of them have evaluated its model; what is there after the deadline otherwise. */
export async function finalEvaluations(
  api: OperatorApi,
  run: RunId,
  round: number,
  sites: number,
): Promise<RoundView['evaluations']> {
  const untilMs = performance.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const [last] = await api.rounds(run, round);
    const evaluations = last?.evaluations ?? [];
    if (evaluations.length >= sites || performance.now() > untilMs) return evaluations;
    await sleep(SETTLE_POLL_MS);
  }
}
