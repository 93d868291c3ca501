import { type Clock, isTallyError, type Logger, type RunId, type Sha256 } from '@tallystick/kernel';
import type { FsBlobStore } from '@tallystick/blobs';
import type { ChainRun, RoundLedger } from '@tallystick/chain';
import type { RunEntity } from '../persistence/entities/index.js';
import type { EpochOutbox } from '../persistence/epoch-rows.js';
import type { Fence } from '../persistence/fence.js';
import type { RunRows } from '../persistence/run-rows.js';
import type { SettlementRows } from '../persistence/settlement-rows.js';
import type { ScoreDesk } from './score-desk.js';
import { settleRun } from './settle-run.js';

export interface SettlerDeps {
  readonly runs: Pick<RunRows, 'unsettled' | 'settled' | 'closed'>;
  readonly rounds: SettlementRows;
  readonly epochs: EpochOutbox;
  readonly ledger: RoundLedger;
  /** Makes score sheets. */
  readonly desk: Pick<ScoreDesk, 'sheetOf'>;
  readonly blobs: Pick<FsBlobStore, 'get' | 'folder'>;
  readonly sha256: Sha256;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The settlement's lease. */
  readonly fence: Fence;
  /** A new epoch is in the outbox. */
  readonly queued: () => void;
}

/**
 * Settles what is due: an epoch whenever enough rounds are final, the last one when the run has ended; then the run is
 * closed, if that was asked for. Everything is decided from rows and from the chain, so a restart goes on.
 */
export class Settler {
  readonly #deps: SettlerDeps;

  constructor(deps: SettlerDeps) {
    this.#deps = deps;
  }

  /** One look at every run that is not settled or not closed yet. Rejects with ROUND_FENCED alone. */
  async step(): Promise<void> {
    for (const run of await this.#deps.runs.unsettled()) {
      try {
        await this.#look(run);
      } catch (error) {
        if (isTallyError(error, 'ROUND_FENCED')) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        this.#deps.logger.warn('settlement.failed', { run: run.id, reason });
      }
    }
  }

  async #look(run: RunEntity): Promise<void> {
    const { ledger, runs, fence, logger } = this.#deps;
    const chainRun = await ledger.chainRun(run.id);
    if (chainRun === undefined) return;
    if (chainRun.status === 'closed') return runs.closed(run.id, fence);
    if (run.settledAt === null && !(await this.#settle(run, chainRun))) return;
    if (!run.closeWhenSettled || chainRun.owner !== ledger.treasuryAccount()) return;
    if (!(await this.#isQuiet(run.id, chainRun))) return;
    await ledger.closeRun(run.id);
    await runs.closed(run.id, fence);
    logger.info('settlement.closed', { run: run.id });
  }

  /** True when every round that is paid for is in a settled epoch. */
  async #settle(run: RunEntity, chainRun: ChainRun): Promise<boolean> {
    const { rounds, epochs, runs, ledger, sha256, clock, fence, logger } = this.#deps;
    const { desk, blobs } = this.#deps;
    const newest = await epochs.newest(run.id);
    if (newest !== undefined && newest.status !== 'final') return false;
    if (newest !== undefined && newest.epoch >= chainRun.epoch) return false; // the chain was read before it
    const isEnded = run.endedAt !== null && !(await rounds.hasWaiting(run.id));
    if (chainRun.payout.epochBudget > 0n) {
      const { id, spec, specHash } = run;
      const terms = { run: id, spec, specHash, chainRun };
      const question = { ...terms, isEnded, nowMs: clock.nowMs(), newest };
      const settled = await settleRun(question, { rounds, ledger, desk, blobs, sha256 });
      if (settled !== undefined) {
        const { record } = settled;
        await epochs.add(settled);
        this.#deps.queued();
        const { epoch, lastRound, accounts } = record;
        logger.info('settlement.epoch', { run: run.id, epoch, lastRound, accounts });
        return false;
      }
      const left = await rounds.finalFrom(run.id, chainRun.settledRounds);
      if (left.some(({ included }) => included > 0)) return false;
    }
    if (isEnded) await runs.settled(run.id, fence);
    return isEnded;
  }

  /** The challenge window of the last round and of the last epoch is over, by this process's clock. */
  async #isQuiet(run: RunId, { challengeMs, nextRound, epoch }: ChainRun): Promise<boolean> {
    const { ledger, clock } = this.#deps;
    const round = nextRound === 0 ? undefined : await ledger.round(run, nextRound - 1);
    const settled = epoch === 0 ? undefined : await ledger.epoch(run, epoch - 1);
    const lastMs = [round?.committedAtMs ?? 0n, settled?.settledAtMs ?? 0n];
    const isOver = lastMs.every((atMs) => BigInt(clock.nowMs()) > atMs + challengeMs);
    return isOver && (await ledger.openDemands(run)).length === 0;
  }
}
