import {
  type Clock,
  isTallyError,
  type Logger,
  sleep,
  type StopSignal,
  TallyError,
} from '@tallystick/kernel';
import type { Readiness } from './readiness.js';
import { Wake } from './wake.js';

/** What a standby sees: who holds the lease, and for how long yet; negative when that has run out. */
export interface HeldElsewhere {
  readonly holder: string;
  readonly remainingMs: number;
}

/** The lease of the leader; `Lease` on PostgreSQL. */
export interface LeadLease {
  take(onLook: (look: HeldElsewhere) => void, signal: AbortSignal): Promise<number | undefined>;
  renew(epoch: number): Promise<boolean>;
  release(epoch: number): Promise<void>;
}

/** Something that only the leader does. */
export interface Duty {
  readonly name: string;
  /** Takes it up under `epoch`. May be called again after `stop`. */
  start(epoch: number): Promise<void>;
  /** Lets go of it; resolves when nothing of it runs any more. Harmless when it was never started. */
  stop(): Promise<void>;
}

export interface LeaderDeps {
  readonly lease: LeadLease;
  readonly ttlMs: number;
  readonly readiness: Readiness;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** At start, whoever held the lease may have died a moment ago: this long is waited before the process stands by. */
const FIRST_WAIT_MS = 500;
/** A leader that could not take up its duties lets another one try for this long. */
const FAILED_PAUSE_MS = 5_000;
/** How often a newcomer's question is looked at while it is undecided who leads. */
const UNDECIDED_MS = 20;

/**
 * Whether this process leads or stands by. All coordinators of a database are equal: one of them takes the lease and with
 * it every duty (ledger, runs, nodes), in order; the others wait for it and answer reads. A leader that finds the lease
 * lost, or could not renew it for its whole life, lets go of everything and stands by again.
 */
export class Leader {
  readonly #deps: LeaderDeps;
  readonly #wake: Wake;
  readonly #stop = new AbortController();
  #duties: readonly Duty[] = [];
  #running: Promise<void> = Promise.resolve();
  #epoch: number | undefined;
  #isServing = false;
  #held: HeldElsewhere & { readonly atMs: number } = { holder: '', remainingMs: 0, atMs: 0 };

  constructor(deps: LeaderDeps) {
    this.#deps = deps;
    this.#wake = new Wake(deps.clock);
  }

  /** True from the moment the duties are taken up until the lease is found lost. */
  get leads(): boolean {
    return this.#isServing;
  }

  /** The epoch of this term; throws NET_STANDBY when there is none. */
  get epoch(): number {
    if (this.#epoch === undefined) throw this.standby();
    return this.#epoch;
  }

  /**
   * Takes the lead if nobody has it, and stands by for it otherwise. Resolves when either is clear; rejects when the duties
   * cannot be taken up in the first term: then this process should not be running.
   */
  async start(duties: readonly Duty[]): Promise<void> {
    const { clock } = this.#deps;
    this.#duties = duties;
    this.#report();
    const decided = new AbortController();
    let failure: Error | undefined;
    const first = (error?: Error): void => {
      if (decided.signal.aborted) return;
      failure = error;
      decided.abort();
    };
    this.#running = this.#run(first);
    await sleep(clock, FIRST_WAIT_MS, decided.signal);
    while (this.#epoch !== undefined && !decided.signal.aborted) {
      await sleep(clock, FIRST_WAIT_MS, decided.signal);
    }
    if (failure === undefined) return first();
    await this.stop();
    throw failure;
  }

  /** Lets go of all duties and of the lease, so that a standby takes over at once. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** A write was refused as fenced: the lease is looked at now, not at the next renewal. */
  doubt(): void {
    this.#wake.set();
  }

  /**
   * Undefined when this process leads, else NET_STANDBY. While the leader's renewal is overdue or the duties are just being
   * taken up, the answer waits until that is decided, for at most a lease time.
   */
  async refusal(): Promise<TallyError | undefined> {
    const { clock, ttlMs } = this.#deps;
    const untilMs = clock.nowMs() + ttlMs;
    while (!this.#isServing && this.#isUndecided() && clock.nowMs() < untilMs) {
      await sleep(clock, UNDECIDED_MS, this.#stop.signal);
    }
    return this.#isServing ? undefined : this.standby();
  }

  /** What whoever wants something of the leader is told. */
  standby(): TallyError {
    return new TallyError('NET_STANDBY', { leader: this.#held.holder || 'another coordinator' });
  }

  async #run(first: (error?: Error) => void): Promise<void> {
    const { lease, clock, logger } = this.#deps;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const epoch = await lease.take((look) => this.#looked(look), signal);
      if (epoch === undefined) return;
      const term = new AbortController();
      this.#epoch = epoch;
      const ends = AbortSignal.any([signal, term.signal]);
      const kept = this.#keep(epoch, ends).finally(() => term.abort());
      const failure = await this.#serve(epoch, term.signal);
      first(failure);
      if (failure !== undefined) term.abort(); // a renewal later than the release would take the lease back
      await kept;
      await this.#retire(epoch);
      if (failure === undefined) continue;
      logger.error('lead.failed', { epoch, reason: failure.message });
      await sleep(clock, FAILED_PAUSE_MS, signal);
    }
  }

  /** Takes the duties up in order, as long as the term lasts; what kept it from doing so. */
  async #serve(epoch: number, term: StopSignal): Promise<Error | undefined> {
    const { clock, logger } = this.#deps;
    const sinceMs = clock.nowMs();
    try {
      for (const duty of this.#duties) {
        if (!term.aborted) await duty.start(epoch);
      }
    } catch (error) {
      if (term.aborted) return undefined;
      if (isTallyError(error, 'ROUND_FENCED')) {
        this.doubt(); // the lease is lost already
        return undefined;
      }
      return error instanceof Error ? error : new Error(String(error));
    }
    this.#isServing = !term.aborted;
    this.#report();
    if (this.#isServing) logger.info('lead.taken', { epoch, ms: clock.nowMs() - sinceMs });
    return undefined;
  }

  async #retire(epoch: number): Promise<void> {
    const { lease, logger } = this.#deps;
    this.#isServing = false;
    this.#epoch = undefined;
    this.#report();
    for (const duty of this.#duties.toReversed()) {
      await duty.stop().catch((error: unknown) => {
        logger.error('lead.stop_failed', { duty: duty.name, reason: reasonOf(error) });
      });
    }
    await lease.release(epoch);
    logger.info('lead.given_up', { epoch });
  }

  /** Renews until that fails for good, or `signal` aborts. */
  async #keep(epoch: number, signal: AbortSignal): Promise<void> {
    const { lease, ttlMs, clock, logger } = this.#deps;
    for (let renewedAtMs = clock.nowMs(); ;) {
      await this.#wake.sleep(ttlMs / 3, signal);
      if (signal.aborted) return;
      const askedAtMs = clock.nowMs();
      const answer = await lease.renew(epoch).catch(reasonOf);
      if (answer === true) renewedAtMs = askedAtMs;
      else if (answer === false) return logger.warn('lead.lost', { epoch, why: 'taken over' });
      else if (clock.nowMs() - renewedAtMs >= ttlMs) {
        return logger.warn('lead.lost', { epoch, why: answer });
      }
    }
  }

  #looked(look: HeldElsewhere): void {
    const isNew = look.holder !== this.#held.holder;
    this.#held = { ...look, atMs: this.#deps.clock.nowMs() };
    if (!isNew) return;
    this.#deps.logger.info('lead.standby', { leader: look.holder });
    this.#report();
  }

  #isUndecided(): boolean {
    if (this.#epoch !== undefined) return true;
    const { holder, remainingMs } = this.#held;
    return holder !== '' && remainingMs < this.#deps.ttlMs / 2;
  }

  #report(): void {
    this.#deps.readiness.report('lead', this.#isServing ? undefined : this.standby());
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
