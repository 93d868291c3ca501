import {
  type Clock,
  isTallyError,
  type Logger,
  type RunId,
  type Sha256,
  TallyError,
} from '@tallystick/kernel';
import { EPOCH, recordHash } from '@tallystick/record';
import { lastCounting } from '@tallystick/rounds';
import type { FsBlobStore } from '@tallystick/blobs';
import type { ChainRun, RoundLedger } from '@tallystick/chain';
import type { RunEntity } from '../persistence/entities/index.js';
import type { EpochOutbox, EpochRow } from '../persistence/epoch-rows.js';
import type { Fence } from '../persistence/fence.js';
import type { RunRows } from '../persistence/run-rows.js';
import type { SettlementRows } from '../persistence/settlement-rows.js';
import type { VoidRows } from '../persistence/void-rows.js';
import type { Readiness } from '../readiness.js';
import type { ScoreDesk } from './score-desk.js';
import { settleRun, type SettledRun } from './settle-run.js';

/** A run that has ended and can still be disputed is looked at this often. */
const ENDED_LOOK_MS = 5_000;

export interface SettlerDeps {
  readonly runs: Pick<RunRows, 'unsettled' | 'settled' | 'closed'>;
  readonly rounds: SettlementRows;
  readonly epochs: EpochOutbox;
  readonly voids: Pick<VoidRows, 'of'>;
  readonly ledger: RoundLedger;
  /** Makes score sheets. */
  readonly desk: Pick<ScoreDesk, 'sheetOf'>;
  readonly blobs: Pick<FsBlobStore, 'get' | 'folder'>;
  readonly sha256: Sha256;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly readiness: Pick<Readiness, 'report'>;
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
  /** Ended runs, and when each is looked at again. */
  #nextMs = new Map<RunId, number>();

  constructor(deps: SettlerDeps) {
    this.#deps = deps;
  }

  /** One look at every run that is not settled or not closed yet. Rejects with ROUND_FENCED alone. */
  async step(): Promise<void> {
    let stuck: TallyError | undefined;
    const nowMs = this.#deps.clock.nowMs();
    const runs = await this.#deps.runs.unsettled();
    this.#nextMs = new Map(runs.map(({ id }) => [id, this.#nextMs.get(id) ?? 0]));
    for (const run of runs) {
      if ((this.#nextMs.get(run.id) ?? 0) > nowMs) continue;
      try {
        await this.#look(run);
      } catch (error) {
        if (isTallyError(error, 'ROUND_FENCED')) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        this.#deps.logger.warn('settlement.failed', { run: run.id, reason });
        if (isTallyError(error, 'LEDGER_EPOCH_VOID')) stuck ??= error;
      }
    }
    this.#deps.readiness.report('epochs', stuck);
  }

  async #look(run: RunEntity): Promise<void> {
    const { ledger, runs, fence, logger } = this.#deps;
    const chainRun = await ledger.chainRun(run.id);
    if (chainRun === undefined) return;
    if (chainRun.status === 'closed') return runs.closed(run.id, fence);
    if (run.settledAt === null && !(await this.#settle(run, chainRun))) return;
    this.#nextMs.set(run.id, this.#deps.clock.nowMs() + ENDED_LOOK_MS);
    if (!run.closeWhenSettled || chainRun.owner !== ledger.treasuryAccount()) return;
    if (!(await this.#isQuiet(run.id, chainRun))) return;
    await ledger.closeRun(run.id);
    await runs.closed(run.id, fence);
    logger.info('settlement.closed', { run: run.id });
  }

  /** True when every round that is paid for is in a settled epoch; for good once no epoch can be voided any more. */
  async #settle(run: RunEntity, chainRun: ChainRun): Promise<boolean> {
    const { rounds, epochs, runs, ledger, sha256, clock, fence, logger } = this.#deps;
    const { desk, blobs } = this.#deps;
    const newest = await epochs.newest(run.id);
    if (newest !== undefined && (await this.#isBefore(newest, chainRun))) return false;
    const isEnded = run.endedAt !== null && !(await rounds.hasWaiting(run.id));
    if (chainRun.payout.epochBudget > 0n) {
      const { id, spec, specHash } = run;
      const terms = { run: id, spec, specHash, chainRun };
      const question = { ...terms, isEnded, nowMs: clock.nowMs(), newest };
      const settled = await settleRun(question, { rounds, ledger, desk, blobs, sha256 });
      if (settled !== undefined) {
        const { record } = settled;
        await this.#refuseAgain(settled);
        await epochs.add(settled);
        this.#deps.queued();
        const { epoch, lastRound, accounts } = record;
        logger.info('settlement.epoch', { run: run.id, epoch, lastRound, accounts });
        return false;
      }
      const left = await rounds.finalFrom(run.id, chainRun.settledRounds);
      if (left.some(({ included }) => included > 0)) return false;
    }
    if (
      isEnded &&
      (chainRun.payout.epochBudget === 0n || (await this.#isQuiet(run.id, chainRun)))
    ) {
      await runs.settled(run.id, fence);
    }
    return isEnded;
  }

  /** True while the chain was read before the newest epoch here, which it holds or is still to take. */
  async #isBefore({ run, epoch, status }: EpochRow, chainRun: ChainRun): Promise<boolean> {
    const { ledger, epochs } = this.#deps;
    const isFinal = status === 'final';
    if (epoch < chainRun.epoch) return !isFinal;
    const isVoid = (await ledger.epoch(run, chainRun.epoch))?.status === 'void';
    if (isVoid && (isFinal || epoch > chainRun.epoch)) await epochs.drop(run, chainRun.epoch);
    return true; // looked at again, without what was dropped
  }

  /** The same epoch a second time would be voided a second time. */
  async #refuseAgain({ record }: SettledRun): Promise<void> {
    const { ledger, sha256 } = this.#deps;
    const { run, epoch } = record;
    const there = await ledger.epoch(run, epoch);
    if (there?.status !== 'void' || there.record !== recordHash(sha256, EPOCH, record)) return;
    throw new TallyError('LEDGER_EPOCH_VOID', { run, epoch });
  }

  /** The challenge window of the last round and of the last epoch is over, by this process's clock. */
  async #isQuiet(run: RunId, { challengeMs, nextRound, epoch }: ChainRun): Promise<boolean> {
    const { ledger, voids, clock } = this.#deps;
    const last = lastCounting(await voids.of(run), nextRound - 1);
    const round = last === undefined ? undefined : await ledger.round(run, last);
    const settled = epoch === 0 ? undefined : await ledger.epoch(run, epoch - 1);
    const lastMs = [round?.committedAtMs ?? 0n, settled?.settledAtMs ?? 0n];
    const isOver = lastMs.every((atMs) => BigInt(clock.nowMs()) > atMs + challengeMs);
    return isOver && (await ledger.openDemands(run)).length === 0;
  }
}
