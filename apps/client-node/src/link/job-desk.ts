import {
  type Clock,
  type Hash,
  isTallyError,
  type Logger,
  type RunId,
  sleep,
} from '@tallystick/kernel';
import type { Offer } from '@tallystick/rounds';
import type { Answer, SiteAgent, SiteEvaluation } from '@tallystick/site';
import type { BackOff } from './back-off.js';

/** Offers bring up to 1 MiB of cohort each. */
const MAX_WAITING = 32;
/** Attempts at one task before it is left to the next offer. */
const MAX_ATTEMPTS = 8;

/** A live session, as the desk uses it. Rejects with what ended it. */
export interface Courier {
  /** Gives up when `signal` aborts: the round is over. */
  deliver(answer: Answer, signal: AbortSignal): Promise<void>;
  report(at: EvaluationJob, evaluation: SiteEvaluation): Promise<void>;
}

interface OfferJob {
  readonly kind: 'offer';
  readonly run: RunId;
  readonly round: number;
  readonly offer: Offer;
}

export interface EvaluationJob {
  readonly kind: 'evaluation';
  readonly run: RunId;
  readonly round: number;
  readonly model: Hash;
}

type Job = OfferJob | EvaluationJob;

export interface JobDeskDeps {
  readonly agent: Pick<SiteAgent, 'answer' | 'evaluate'>;
  readonly clock: Clock;
  readonly backOff: () => BackOff;
  readonly logger: Logger;
}

/**
 * The node's work, one job at a time, whatever happens to its connections. Training goes on while a connection is
 * down; what is ready then is delivered when the coordinator asks again. A round that has closed is not worked on.
 */
export class JobDesk {
  readonly #deps: JobDeskDeps;
  readonly #waiting: Job[] = [];
  #courier: Courier | undefined;
  #current: { readonly job: Job; readonly stop: AbortController; again: boolean } | undefined;
  #pump: Promise<void> | undefined;
  #isStopped = false;

  constructor(deps: JobDeskDeps) {
    this.#deps = deps;
  }

  /** True while a job runs or waits. */
  get isWorking(): boolean {
    return this.#pump !== undefined;
  }

  /** A session began. */
  attach(courier: Courier): void {
    this.#courier = courier;
  }

  /** It ended; a newer one may have begun already. */
  detach(courier: Courier): void {
    if (this.#courier === courier) this.#courier = undefined;
  }

  /** Queues an offer; the task at work, offered again, will be delivered again. */
  offer(offer: Offer): void {
    const { run, round } = offer.task.task;
    const current = this.#current;
    if (current?.job.kind === 'offer' && current.job.offer.taskHash === offer.taskHash) {
      current.again = true;
      return;
    }
    const isWaiting = this.#waiting.some(
      (job) => job.kind === 'offer' && job.offer.taskHash === offer.taskHash,
    );
    if (!isWaiting) this.#enqueue({ kind: 'offer', run, round, offer });
  }

  /** Queues a measurement; a newer model of the same run replaces one that still waits. */
  evaluate(job: Omit<EvaluationJob, 'kind'>): void {
    this.#drop((other) => other.kind === 'evaluation' && other.run === job.run);
    this.#enqueue({ kind: 'evaluation', ...job });
  }

  /** The round is over: work on it, done or waiting, has no use any more. */
  closed(run: RunId, round: number): void {
    const isOver = (job: Job): boolean =>
      job.kind === 'offer' && job.run === run && job.round <= round;
    this.#drop(isOver);
    if (this.#current !== undefined && isOver(this.#current.job)) this.#current.stop.abort();
  }

  /** Stops what runs and forgets what waits; resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#waiting.length = 0;
    this.#current?.stop.abort();
    await this.#pump;
  }

  #enqueue(job: Job): void {
    if (this.#isStopped) return;
    if (this.#waiting.length >= MAX_WAITING) {
      this.#deps.logger.warn('jobs.full', { run: job.run, round: job.round, limit: MAX_WAITING });
      return;
    }
    this.#waiting.push(job);
    this.#pump ??= this.#work();
  }

  #drop(isUseless: (job: Job) => boolean): void {
    const kept = this.#waiting.filter((job) => !isUseless(job));
    this.#waiting.splice(0, this.#waiting.length, ...kept);
  }

  async #work(): Promise<void> {
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
      const current = { job, stop: new AbortController(), again: false };
      this.#current = current;
      await this.#attempt(current);
      this.#current = undefined;
      if (current.again && !current.stop.signal.aborted) this.#waiting.unshift(job);
    }
    this.#pump = undefined; // in the same step that found nothing: what comes next starts it again
  }

  /** Never rejects: a job that cannot be done is told in the log, and signed off by the agent where it can be. */
  async #attempt(current: { readonly job: Job; readonly stop: AbortController; again: boolean }) {
    const { logger, clock } = this.#deps;
    const { job, stop } = current;
    const { signal } = stop;
    const backOff = this.#deps.backOff();
    for (let attempt = 1; ; attempt++) {
      try {
        current.again = false;
        return await this.#do(job, signal);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const mayPass = isTallyError(error) && error.disposition === 'retry';
        if (signal.aborted) return;
        const code = isTallyError(error) ? error.code : 'INTERNAL';
        const { kind, run, round } = job;
        logger.warn('job.failed', { kind, run, round, attempt, code, reason });
        if (!mayPass || attempt >= MAX_ATTEMPTS || this.#courier === undefined) return;
        await sleep(clock, backOff.next(), signal);
      }
    }
  }

  async #do(job: Job, signal: AbortSignal): Promise<void> {
    const { agent } = this.#deps;
    if (job.kind === 'offer') {
      const answer = await agent.answer(job.offer, signal);
      await this.#courier?.deliver(answer, signal);
      return;
    }
    const evaluation = await agent.evaluate(job.run, job.model, signal);
    await this.#courier?.report(job, evaluation);
  }
}
