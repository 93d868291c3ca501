import type { Clock, Hash, Logger, RunId } from '@tallystick/kernel';
import { decodeSheet, type ScoreSheet } from '@tallystick/payout';
import type { BlobStore } from '@tallystick/rounds';
import type { ScoringJob } from './scoring-job.js';

/** After a failure; what it rests on may be mended meanwhile. */
const RETRY_MS = 60_000;

export interface ScoreDeskDeps {
  readonly blobs: Pick<BlobStore, 'get'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Makes the sheet and puts it into the blob store. */
  readonly score: (job: ScoringJob, signal: AbortSignal) => Promise<Hash>;
}

/** A sheet and its id. */
export interface StoredSheet {
  readonly id: Hash;
  readonly sheet: ScoreSheet;
}

interface Work {
  readonly key: string;
  readonly stop: AbortController;
  ended: Promise<void>;
}

/**
 * Scores one epoch at a time in the background. Whoever asks is answered at once: with the sheet, or with nothing while
 * it is made. A process that ends in between makes the same sheet again.
 */
export class ScoreDesk {
  readonly #deps: ScoreDeskDeps;
  #work: Work | undefined;
  #made: { readonly key: string; readonly id: Hash } | undefined;
  readonly #restUntilMs = new Map<string, number>();

  constructor(deps: ScoreDeskDeps) {
    this.#deps = deps;
  }

  /**
   * The sheet of this epoch, once it is there. `job` is asked for when it has to be made. An epoch whose rounds were voided
   * is another one when it ends with another round.
   */
  async sheetOf(
    at: { readonly run: RunId; readonly epoch: number; readonly lastRound: number },
    job: () => Promise<ScoringJob>,
  ): Promise<StoredSheet | undefined> {
    const key = `${at.run} ${at.epoch} ${at.lastRound}`;
    if (this.#made?.key === key) return this.#read(this.#made.id);
    const rests = (this.#restUntilMs.get(key) ?? 0) > this.#deps.clock.nowMs();
    if (this.#work === undefined && !rests) this.#begin(key, await job());
    return undefined;
  }

  /** Ends the process that scores, if any. */
  async stop(): Promise<void> {
    this.#work?.stop.abort();
    await this.#work?.ended;
  }

  #begin(key: string, job: ScoringJob): void {
    const work: Work = { key, stop: new AbortController(), ended: Promise.resolve() };
    this.#work = work;
    work.ended = this.#score(work, job);
  }

  async #score({ key, stop }: Work, job: ScoringJob): Promise<void> {
    const { score, logger, clock } = this.#deps;
    try {
      this.#made = { key, id: await score(job, stop.signal) };
      this.#restUntilMs.delete(key);
    } catch (error) {
      if (stop.signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn('settlement.scoring_failed', { epoch: job.files.epoch, reason });
      this.#restUntilMs.set(key, clock.nowMs() + RETRY_MS);
    } finally {
      this.#work = undefined;
    }
  }

  async #read(id: Hash): Promise<StoredSheet> {
    const sheet = decodeSheet(new TextDecoder().decode(await this.#deps.blobs.get(id)));
    if (sheet === undefined) throw new Error(`blob ${id} is no score sheet`);
    return { id, sheet };
  }
}
