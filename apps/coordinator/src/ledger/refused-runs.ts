import { type Clock, type Logger, type RunId, TallyError } from '@tallystick/kernel';
import type { WaitingRound } from '../persistence/outbox-rows.js';
import type { Readiness } from '../readiness.js';

/** A run whose round was refused rests: 0.25 s, twice as long each time, at most 15 s. */
const FIRST_REST_MS = 250;
const MAX_REST_MS = 15_000;
/** So many refusals of one round are an operator's business; it is tried again all the same. */
const ALARM_AFTER = 8;
/** Runs that may rest at once; beyond it the one that rests longest is tried again. */
const MAX_RUNS = 1_024;

export interface RefusedRunsDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly readiness: Pick<Readiness, 'report'>;
}

interface Refused {
  readonly untilMs: number;
  /** Present when it is an operator's business. */
  readonly trouble: TallyError | undefined;
}

/**
 * Runs whose rounds the chain refuses for a reason that no fact on it explains: rounds were voided and that is not taken
 * in yet, the run is halted, a clock is wrong. Each one rests by itself; signing again cures what passes.
 */
export class RefusedRuns {
  readonly #deps: RefusedRunsDeps;
  readonly #runs = new Map<RunId, Refused>();

  constructor(deps: RefusedRunsDeps) {
    this.#deps = deps;
  }

  /** Runs that are not tried now. */
  resting(): readonly RunId[] {
    const nowMs = this.#deps.clock.nowMs();
    return [...this.#runs].flatMap(([run, { untilMs }]) => (untilMs > nowMs ? [run] : []));
  }

  /** Until the next one is tried again; Infinity when none rests. */
  restMs(): number {
    const nowMs = this.#deps.clock.nowMs();
    const left = [...this.#runs.values()].flatMap(({ untilMs }) =>
      untilMs > nowMs ? [untilMs - nowMs] : [],
    );
    return Math.min(...left);
  }

  /**
   * What of `waiting` goes into one transaction, which is taken as a whole or not at all: after a refusal a run goes
   * alone, so that it harms no other and the reason is its own.
   */
  together(waiting: readonly WaitingRound[]): readonly WaitingRound[] {
    const again = waiting.find(({ attempts }) => attempts > 0);
    return again === undefined ? waiting : waiting.filter(({ run }) => run === again.run);
  }

  /** The chain refused the transaction that carried these rounds. */
  add(rounds: readonly WaitingRound[], reason: string): void {
    const { clock, logger } = this.#deps;
    const isAlone = new Set(rounds.map(({ run }) => run)).size === 1;
    logger.warn('ledger.refused', { rounds: rounds.length, reason });
    if (!isAlone) return; // tried again one run at a time
    const [first] = rounds;
    if (first === undefined) return;
    const { run, attempts } = first;
    const restMs = Math.min(MAX_REST_MS, FIRST_REST_MS * 2 ** Math.min(attempts, 8));
    const call = `tally.commitRound of run ${run}`;
    const error = new TallyError('LEDGER_REFUSED', { call, reason });
    const trouble = attempts >= ALARM_AFTER ? error : undefined;
    this.#runs.delete(run);
    const [oldest] = this.#runs.size >= MAX_RUNS ? this.#runs.keys() : [];
    if (oldest !== undefined) this.#runs.delete(oldest);
    this.#runs.set(run, { untilMs: clock.nowMs() + restMs, trouble });
    if (trouble !== undefined) logger.error('ledger.run_refused', { run, reason });
    this.#report();
  }

  /** The chain took rounds of these runs. */
  taken(rounds: readonly { readonly run: RunId }[]): void {
    for (const { run } of rounds) this.#runs.delete(run);
    this.#report();
  }

  #report(): void {
    const troubles = [...this.#runs.values()].flatMap(({ trouble }) => trouble ?? []);
    const runs = troubles.slice(0, 8).join('; ');
    const trouble = new TallyError('LEDGER_RUNS_REFUSED', { runs });
    this.#deps.readiness.report('refused', runs === '' ? undefined : trouble);
  }
}
