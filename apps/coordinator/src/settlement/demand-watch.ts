import { type Clock, isTallyError, type Logger, type Sha256, TallyError } from '@tallystick/kernel';
import type { OpenDemand, RoundLedger } from '@tallystick/chain';
import type { Counter, Gauge } from '@tallystick/telemetry';
import type { RoundRows } from '../persistence/round-rows.js';
import type { RunRows } from '../persistence/run-rows.js';
import type { Readiness } from '../readiness.js';
import { answerFor } from './answer-for.js';

/** A refused answer, or one that could not be sent, is tried again after this. */
const RETRY_MS = 10_000;
/** Demands that are remembered as failed. */
const MAX_FAILED = 1_024;

export interface DemandWatchDeps {
  readonly runs: Pick<RunRows, 'known'>;
  readonly rounds: Pick<RoundRows, 'files'>;
  readonly ledger: Pick<RoundLedger, 'openDemands' | 'answerDemand'>;
  readonly sha256: Sha256;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly readiness: Readiness;
  /** Told how many demands are open. */
  readonly open: Gauge;
  /** Answers by what became of them. */
  readonly answers: Counter<'outcome'>;
}

/**
 * Looks for demands on this coordinator's rounds and answers each from the rows of its round. What cannot be answered
 * costs the bond at its deadline, so it is told everywhere: an event, a metric, and the readiness of this process.
 */
export class DemandWatch {
  readonly #deps: DemandWatchDeps;
  /** `run/demand` → when it is tried again. */
  readonly #failed = new Map<string, number>();

  constructor(deps: DemandWatchDeps) {
    this.#deps = deps;
  }

  async step(): Promise<void> {
    const { runs, ledger, open, readiness } = this.#deps;
    const all = await ledger.openDemands();
    const known = all.length === 0 ? new Set() : await runs.known();
    const found = all.filter(({ run }) => known.has(run));
    open.set({}, found.length);
    this.#forget(found);
    for (const demand of found) await this.#answer(demand);
    const demands = [...this.#failed.keys()].slice(0, 8).join(', ');
    const trouble = new TallyError('LEDGER_DEMANDS_UNANSWERED', { demands });
    readiness.report('demands', demands === '' ? undefined : trouble);
  }

  async #answer(demand: OpenDemand): Promise<void> {
    const { rounds, ledger, sha256, clock, logger, answers } = this.#deps;
    const { run, round, demand: number, deadlineMs } = demand;
    const key = keyOf(demand);
    if ((this.#failed.get(key) ?? 0) > clock.nowMs()) return;
    try {
      const files = await rounds.files(run, round);
      if (files === undefined) throw new Error('the round is not here');
      await ledger.answerDemand(demand, answerFor(sha256, demand, files));
      this.#failed.delete(key);
      answers.add({ outcome: 'taken' }, 1);
      logger.info('demand.answered', { run, round, demand: number });
    } catch (error) {
      if (isTallyError(error, 'LEDGER_UNREACHABLE')) throw error;
      if (this.#failed.size < MAX_FAILED) this.#failed.set(key, clock.nowMs() + RETRY_MS);
      const reason = error instanceof Error ? error.message : String(error);
      const leftMs = Number(deadlineMs) - clock.nowMs();
      answers.add({ outcome: 'failed' }, 1);
      logger.error('demand.unanswered', { run, round, demand: number, leftMs, reason });
    }
  }

  /** Demands that are no longer open need no alarm: answered by somebody, or decided. */
  #forget(open: readonly OpenDemand[]): void {
    const keys = new Set(open.map(keyOf));
    for (const key of this.#failed.keys()) if (!keys.has(key)) this.#failed.delete(key);
  }
}

function keyOf({ run, demand }: OpenDemand): string {
  return `run ${run} demand ${demand}`;
}
