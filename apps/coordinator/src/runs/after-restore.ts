import { type Logger, TallyError } from '@tallystick/kernel';
import type { RoundLedger } from '@tallystick/chain';
import type { Duty } from '../leader.js';
import type { Claims } from '../persistence/claims.js';
import type { RunEntity } from '../persistence/entities/index.js';
import { runLease } from '../persistence/fence.js';
import type { RoundRows } from '../persistence/round-rows.js';
import type { RunRows } from '../persistence/run-rows.js';

/** What a restore left behind for the first start after it. */
export interface RestoredBackup {
  readonly backupAtMs: number;
  /** Whether the signing log is the newest one, so that it refuses whatever was signed after the backup. */
  readonly isLogKept: boolean;
  /** Nothing more is to be done because of it. */
  readonly forget: () => Promise<void>;
}

export interface AfterRestoreDeps {
  readonly restored: RestoredBackup | undefined;
  readonly runs: Pick<RunRows, 'unfinished' | 'ended'>;
  readonly rounds: Pick<RoundRows, 'counts'>;
  readonly ledger: Pick<RoundLedger, 'anchored'>;
  readonly claims: Pick<Claims, 'claim'>;
  readonly logger: Logger;
}

/**
 * Ends the runs that cannot go on from a backup, before anything compares them with the chain: those that the chain knows
 * more of than the database, and all that were open when nobody knows what was signed after the backup. A second task or
 * header of one round is equivocation, and costs the bond; a run that is launched anew costs time (ADR 0037).
 */
export class AfterRestore implements Duty {
  readonly name = 'restore';
  readonly #deps: AfterRestoreDeps;
  #isDone = false;

  constructor(deps: AfterRestoreDeps) {
    this.#deps = deps;
  }

  async start(epoch: number): Promise<void> {
    const { restored, runs, claims, logger } = this.#deps;
    if (restored === undefined || this.#isDone) return;
    const at = new Date(restored.backupAtMs).toISOString();
    for (const run of await runs.unfinished()) {
      if (restored.isLogKept && !(await this.#isBehind(run))) continue;
      const fence = await claims.claim(runLease(run.id), epoch);
      const { code, message } = new TallyError('ROUND_RUN_RESTORED', { run: run.id, at });
      await runs.ended(run, { status: 'failed', reason: `${code}: ${message}` }, fence);
      logger.warn('run.ended_by_restore', { run: run.id });
    }
    await restored.forget();
    this.#isDone = true;
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  /** Rounds of it are on the chain that the database has never seen. */
  async #isBehind({ id, voidUntil }: RunEntity): Promise<boolean> {
    const { ledger, rounds } = this.#deps;
    const last = (await rounds.counts([id])).get(id)?.last ?? -1;
    const next = Math.max(last + 1, voidUntil); // numbers that were voided are not used again
    return ((await ledger.anchored(id))?.nextRound ?? 0) > next;
  }
}
