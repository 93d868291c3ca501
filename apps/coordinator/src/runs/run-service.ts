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
  type RoundTrace,
  RunLoop,
  type RunOutcome,
  type RunPlan,
} from '@tallystick/rounds';
import type { Gauge } from '@tallystick/telemetry';
import type { Duty } from '../leader.js';
import type { Claims } from '../persistence/claims.js';
import type { RunEntity } from '../persistence/entities/index.js';
import { ELECTED_LEASE, type Fence, runLease } from '../persistence/fence.js';
import type { RunRows } from '../persistence/run-rows.js';
import type { RoundDirectory } from '../rounds/round-directory.js';
import { RunQueue } from './run-queue.js';

/** After a run loop gave up on its ports, or the end could not be stored. */
const RETRY_MS = 5_000;
/** Ended runs whose nodes may have missed the last result when the process stopped. */
const RECALLED = 4;
/** Runs that may wait for a place; a launch beyond it is refused. */
const MAX_QUEUED = 1_024;

export interface RunServiceDeps {
  readonly rows: Pick<
    RunRows,
    'get' | 'unfinished' | 'lastEnded' | 'requestStop' | 'pause' | 'goOn' | 'started' | 'ended'
  >;
  /** Runs that are on the chain and have no row. */
  readonly orphans: { find(fence: Fence): Promise<readonly RunId[]> };
  readonly directory: RoundDirectory;
  readonly claims: Pick<Claims, 'claim'>;
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
  readonly trace?: RoundTrace | undefined;
  /** Told how many runs play. */
  readonly gauge: Gauge;
  /** Runs that play at once; others wait. */
  readonly maxPlaying: number;
}

/** A run that has a place. */
interface Playing {
  readonly stop: AbortController;
  ended: Promise<void>;
  loop: RunLoop | undefined;
  /** What was asked of this process last; undefined: the row says it. */
  isPaused: boolean | undefined;
}

/**
 * Plays every run that has not ended, from its launch to its outcome, across restarts and changes of the leader: at
 * most `maxPlaying` at once, the others in the order in which they came. A paused run gives its place up.
 */
export class RunService implements Duty {
  readonly name = 'runs';
  readonly #deps: RunServiceDeps;
  readonly #playing = new Map<RunId, Playing>();
  #queue = new RunQueue();
  #draining = new AbortController();
  #epoch = 0;

  constructor(deps: RunServiceDeps) {
    this.#deps = deps;
  }

  /** Goes on with every run that has not ended, those that had begun first, and recalls the last ones that have. */
  async start(epoch: number): Promise<void> {
    const { rows } = this.#deps;
    this.#epoch = epoch;
    this.#draining = new AbortController();
    this.#queue = new RunQueue();
    await this.#deps.orphans.find({ name: ELECTED_LEASE, epoch });
    const unfinished = await rows.unfinished();
    for (const { id } of unfinished.toSorted((a, b) => rankOf(a) - rankOf(b))) this.play(id);
    for (const run of await rows.lastEnded(RECALLED)) await this.#recall(run);
  }

  /** Throws NET_BUSY when as many runs wait as may. */
  assertRoom(): void {
    if (this.#queue.length < MAX_QUEUED) return;
    throw new TallyError('NET_BUSY', { what: 'queued runs', limit: MAX_QUEUED });
  }

  /** Plays the run in the background, or lets it wait for a place; harmless when it plays already. */
  play(run: RunId): void {
    if (this.#playing.has(run) || this.#draining.signal.aborted) return;
    if (this.#playing.size >= this.#deps.maxPlaying) this.#queue.push(run);
    else this.#begin(run);
  }

  /** Place in the queue, 1 is next; undefined when the run does not wait. */
  placeOf(run: RunId): number | undefined {
    return this.#queue.placeOf(run);
  }

  /** Cancels the run: no further round is opened, and an open one is given up. Resolves when that is stored. */
  async cancel(run: RunId): Promise<void> {
    const { rows } = this.#deps;
    await rows.get(run);
    await rows.requestStop(run, await this.#claim(run));
    this.#queue.remove(run);
    const playing = this.#playing.get(run) ?? this.#begin(run); // one that rests or waits ends at once, too
    playing.stop.abort();
    await playing.ended;
  }

  /** Lets the open round finish and opens no other. Resolves when that is stored. */
  async pause(run: RunId): Promise<void> {
    await this.#deps.rows.pause(run, await this.#claim(run));
    this.#queue.remove(run);
    const playing = this.#playing.get(run);
    if (playing === undefined) return;
    playing.isPaused = true;
    playing.loop?.pause();
  }

  /** Takes `pause` back; the run plays on, or waits for a place. */
  async goOn(run: RunId): Promise<void> {
    this.assertRoom();
    await this.#deps.rows.goOn(run, await this.#claim(run));
    const playing = this.#playing.get(run);
    if (playing === undefined) return this.play(run);
    playing.isPaused = false;
    playing.loop?.goOn();
  }

  /** The chain voided rounds of the run, and the rows say so: it goes on from the last one that counts. */
  voided(run: RunId): void {
    this.#playing.get(run)?.loop?.voided();
    void this.#deps.rows.get(run).then(
      ({ status }) => (status === 'running' ? this.play(run) : undefined),
      () => undefined, // the next process finds it among the unfinished ones
    );
  }

  /** Lets go of every run without ending it; the next process goes on. */
  async stop(): Promise<void> {
    this.#draining.abort();
    for (const { stop } of this.#playing.values()) stop.abort();
    await Promise.all([...this.#playing.values()].map(({ ended }) => ended));
  }

  #begin(run: RunId): Playing {
    const stop = new AbortController();
    const playing: Playing = {
      stop,
      ended: Promise.resolve(),
      loop: undefined,
      isPaused: undefined,
    };
    this.#playing.set(run, playing);
    this.#deps.gauge.set({}, this.#playing.size);
    playing.ended = this.#playToEnd(run, playing);
    return playing;
  }

  /** Gives the run's place to the one that waits longest. */
  #leave(run: RunId): void {
    this.#playing.delete(run);
    this.#deps.gauge.set({}, this.#playing.size);
    const next = this.#draining.signal.aborted ? undefined : this.#queue.shift();
    if (next !== undefined) this.#begin(next);
  }

  /** Never rejects: whatever fails is tried again until the run has ended, rests, or is another coordinator's. */
  async #playToEnd(id: RunId, playing: Playing): Promise<void> {
    const { rows, directory, logger, onFenced } = this.#deps;
    while (!this.#draining.signal.aborted) {
      try {
        const fence = await this.#claim(id);
        const row = await rows.get(id);
        const { status, reason, rounds } = await this.#playOnce(row, playing, fence);
        if (this.#draining.signal.aborted) break;
        if (status === 'paused') {
          if (!playing.isPaused) continue; // taken back in the meantime
          logger.info('run.paused', { run: id, rounds });
          break;
        }
        const outcome = { status, ...(reason === undefined ? {} : { reason }) };
        if (!(await rows.ended(row, outcome, fence))) continue; // rounds were voided meanwhile
        logger.info('run.ended', { run: id, status, rounds });
        break;
      } catch (error) {
        if (isTallyError(error, 'ROUND_FENCED')) {
          logger.warn('run.fenced', { run: id });
          onFenced();
          break;
        }
        const reason = error instanceof Error ? error.message : String(error);
        logger.error('run.stuck', { run: id, reason });
        await this.#rest();
      } finally {
        playing.loop = undefined;
        directory.retire(id);
      }
    }
    this.#leave(id);
  }

  /** Plays from what the row says now: a stop or a pause that was asked of another process counts here, too. */
  async #playOnce(run: RunEntity, playing: Playing, fence: Fence): Promise<RunOutcome> {
    if (run.stopAt !== null) playing.stop.abort();
    playing.isPaused ??= run.pausedAt !== null;
    const { signal } = playing.stop;
    if (run.status === 'proposed' && !signal.aborted) await this.#accept(run, fence);
    const loop = await this.#loopOf(run, fence);
    playing.loop = loop;
    if (playing.isPaused) loop.pause();
    return loop.play(signal);
  }

  #claim(run: RunId): Promise<Fence> {
    return this.#deps.claims.claim(runLease(run), this.#epoch);
  }

  async #loopOf(run: RunEntity, fence: Fence): Promise<RunLoop> {
    const { directory, logger, ...deps } = this.#deps;
    const journal = deps.journal.under(fence);
    const loop = new RunLoop(await this.#planOf(run), { ...deps, logger, journal });
    directory.add(run.id, loop);
    logger.debug('run.playing', { run: run.id });
    return loop;
  }

  /** An ended run comes to its end again at once; then its last results can be sent to nodes that missed them. */
  async #recall(run: RunEntity): Promise<void> {
    const { directory, logger } = this.#deps;
    try {
      const fence = { name: runLease(run.id), epoch: this.#epoch };
      await (await this.#loopOf(run, fence)).play(AbortSignal.abort());
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

  #rest(): Promise<void> {
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

/** Runs that had begun come before those that had not, and those that rest come last. */
function rankOf({ status, pausedAt }: RunEntity): number {
  return (pausedAt === null ? 0 : 2) + (status === 'proposed' ? 1 : 0);
}

/** Throws USAGE_INVALID for a run that has ended already. */
export function assertGoesOn({ id, status }: RunEntity): void {
  if (status === 'running' || status === 'proposed') return;
  throw new TallyError('USAGE_INVALID', { detail: `run ${id} has ended: ${status}` });
}
