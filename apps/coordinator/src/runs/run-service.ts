import {
  type Clock,
  type Ed25519,
  isTallyError,
  type Logger,
  type RunId,
  type Sha256,
  type Signer,
  TallyError,
} from '@tallystick/kernel';
import type { RoundLedger } from '@tallystick/chain';
import { RunSpec } from '@tallystick/protocol';
import { POP, signRecord } from '@tallystick/record';
import {
  type FolderFactory,
  genesisHash,
  type NodeLink,
  type RoundJournal,
  RunLoop,
  type RunOutcome,
  type RunPlan,
} from '@tallystick/rounds';
import type { Gauge } from '@tallystick/telemetry';
import type { Duty } from '../leader.js';
import type { Claims } from '../persistence/claims.js';
import type { RunEntity } from '../persistence/entities/index.js';
import { type Fence, runLease } from '../persistence/fence.js';
import type { RunRows } from '../persistence/run-rows.js';
import type { RoundDirectory } from '../rounds/round-directory.js';

/** After a run loop gave up on its ports, or the end could not be stored. */
const RETRY_MS = 5_000;
/** Ended runs whose nodes may have missed the last result when the process stopped. */
const RECALLED = 4;

export interface RunServiceDeps {
  readonly rows: RunRows;
  readonly directory: RoundDirectory;
  readonly claims: Claims;
  /** The journal whose writes hold under this lease alone. */
  readonly journal: { under(fence: Fence): RoundJournal };
  /** A write was refused because another coordinator leads. */
  readonly onFenced: () => void;
  readonly folders: FolderFactory;
  readonly ledger: RoundLedger;
  readonly link: NodeLink;
  /** The coordinator key. */
  readonly signer: Signer;
  readonly sha256: Sha256;
  readonly ed25519: Ed25519;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told how many runs play. */
  readonly gauge: Gauge;
}

interface Playing {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/** Plays every run that has not ended, from its launch to its outcome, across restarts and changes of the leader. */
export class RunService implements Duty {
  readonly name = 'runs';
  readonly #deps: RunServiceDeps;
  readonly #playing = new Map<RunId, Playing>();
  #draining = new AbortController();
  #epoch = 0;

  constructor(deps: RunServiceDeps) {
    this.#deps = deps;
  }

  /** Goes on with every run that has not ended, and recalls the last ones that have. */
  async start(epoch: number): Promise<void> {
    const { rows } = this.#deps;
    this.#epoch = epoch;
    this.#draining = new AbortController();
    for (const run of await rows.unfinished()) this.play(run);
    for (const run of await rows.lastEnded(RECALLED)) await this.#recall(run);
  }

  /** Plays the run in the background; harmless when it plays already. */
  play(run: RunEntity): void {
    if (this.#playing.has(run.id) || this.#draining.signal.aborted) return;
    const stop = new AbortController();
    if (run.stopAt !== null) stop.abort();
    const ended = this.#playToEnd(run, stop.signal).finally(() => {
      this.#playing.delete(run.id);
      this.#deps.gauge.set({}, this.#playing.size);
    });
    this.#playing.set(run.id, { stop, ended });
    this.#deps.gauge.set({}, this.#playing.size);
  }

  /** Cancels the run: no further round is opened, and an open one is given up. Resolves when that is stored. */
  async cancel(run: RunId): Promise<void> {
    const { rows } = this.#deps;
    await rows.get(run);
    await rows.requestStop(run, await this.#claim(run));
    const playing = this.#playing.get(run);
    playing?.stop.abort();
    await playing?.ended;
  }

  /** Lets go of every run without ending it; the next process goes on. */
  async stop(): Promise<void> {
    this.#draining.abort();
    for (const { stop } of this.#playing.values()) stop.abort();
    await Promise.all([...this.#playing.values()].map(({ ended }) => ended));
  }

  /** Never rejects: whatever fails is tried again until the run has ended, or is another coordinator's to play. */
  async #playToEnd(run: RunEntity, signal: AbortSignal): Promise<void> {
    const { rows, directory, logger, onFenced } = this.#deps;
    while (!this.#draining.signal.aborted) {
      try {
        const fence = await this.#claim(run.id);
        if (run.status === 'proposed') await this.#accept(run, fence);
        const outcome = await this.#play(run, fence, signal);
        if (this.#draining.signal.aborted) return;
        await rows.ended(run.id, outcome, fence);
        logger.info('run.ended', { run: run.id, status: outcome.status, rounds: outcome.rounds });
        return;
      } catch (error) {
        if (isTallyError(error, 'ROUND_FENCED')) {
          logger.warn('run.fenced', { run: run.id });
          return onFenced();
        }
        const reason = error instanceof Error ? error.message : String(error);
        logger.error('run.stuck', { run: run.id, reason });
        await this.#pause();
      } finally {
        directory.retire(run.id);
      }
      run = await rows.get(run.id).catch(() => run);
    }
  }

  #claim(run: RunId): Promise<Fence> {
    return this.#deps.claims.claim(runLease(run), this.#epoch);
  }

  async #play(run: RunEntity, fence: Fence, signal: AbortSignal): Promise<RunOutcome> {
    const { directory, logger, ...deps } = this.#deps;
    const journal = deps.journal.under(fence);
    const loop = new RunLoop(await this.#planOf(run), { ...deps, logger, journal });
    directory.add(run.id, loop);
    logger.debug('run.playing', { run: run.id });
    return loop.play(signal);
  }

  /** An ended run comes to its end again at once; then its last results can be sent to nodes that missed them. */
  async #recall(run: RunEntity): Promise<void> {
    const { directory, logger } = this.#deps;
    try {
      await this.#play(run, { name: runLease(run.id), epoch: this.#epoch }, AbortSignal.abort());
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn('run.recall_failed', { run: run.id, reason });
    } finally {
      directory.retire(run.id);
    }
  }

  async #planOf({ id, spec, specHash, genesisModel }: RunEntity): Promise<RunPlan> {
    return {
      chain: await this.#deps.ledger.genesis(),
      run: id,
      spec: RunSpec.parse(JSON.parse(spec)),
      specHash,
      genesisModel,
    };
  }

  /** Puts the coordinator key's acceptance on the chain, unless a process before us did. */
  async #accept(
    { id: run, specHash: spec, genesisModel: model }: RunEntity,
    fence: Fence,
  ): Promise<void> {
    const { ledger, signer, rows, sha256 } = this.#deps;
    const chain = await ledger.genesis();
    const accepted = genesisHash(sha256, { chain, run, spec, model });
    if ((await ledger.anchored(run))?.head !== accepted) {
      const pop = { chain, owner: ledger.coordinatorAccount(), key: signer.key };
      await ledger.acceptRun(run, signer.key, signRecord(POP, pop, signer).signature);
    }
    await rows.started(run, fence);
  }

  #pause(): Promise<void> {
    const { signal } = this.#draining;
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = this.#deps.clock.after(RETRY_MS, wake);
      signal.addEventListener('abort', wake);
    });
  }
}

/** Throws USAGE_INVALID for a run that has ended already. */
export function assertStoppable({ id, status }: RunEntity): void {
  if (status === 'running' || status === 'proposed') return;
  throw new TallyError('USAGE_INVALID', { detail: `run ${id} has ended: ${status}` });
}
