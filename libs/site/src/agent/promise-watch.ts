import type { RunId, Timer } from '@tallystick/kernel';
import { decodeSigned, PROMISE, type Promise as PromiseRecord } from '@tallystick/record';
import type { AgentContext } from './agent-context.js';
import type { Contradiction } from './contradiction.js';

/** The coordinator's clock may be behind this one, and a result under way when its promise falls due. */
const GRACE_MS = 30_000;
/** A chain that is away is asked again after this. */
const RETRY_MS = 60_000;
const MAX_TRIES = 5;
/** Promises that are watched at once; a site has one per round under way. The oldest is let go. */
const MAX_WATCHED = 256;
/** The longest wait for one look; timers hold 24 days. */
const MAX_WAIT_MS = 86_400_000;

/**
 * Promises by which nothing was shown when they fell due: the coordinator signed that this update would count, and gave
 * neither a result nor a header. The chain says which of two faults it is: the round is on it, and the coordinator has
 * to show the update there, or it is not, and the run can be halted.
 */
export class PromiseWatch {
  readonly #context: AgentContext;
  readonly #waiting = new Map<string, Timer>();
  readonly #looking = new Set<Promise<void>>();
  #isClosed = false;

  constructor(context: AgentContext) {
    this.#context = context;
  }

  /** Looks at what the log holds of a round when its promise is overdue. Without a chain there is nobody to ask. */
  watch(run: RunId, round: number): void {
    const { chain, log, clock } = this.#context.deps;
    const wire = log.round(run, round)?.promise?.wire;
    if (chain === undefined || wire === undefined || this.#isClosed) return;
    const { value } = decodeSigned(PROMISE, wire);
    this.#later(value, Number(value.dueMs) + GRACE_MS - clock.nowMs(), 0);
  }

  /** Watches nothing any more; resolves when no look is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#waiting.values()) timer.cancel();
    this.#waiting.clear();
    await Promise.all(this.#looking);
  }

  #later(promise: PromiseRecord, waitMs: number, failures: number): void {
    const key = `${promise.run}/${promise.round}`;
    this.#waiting.get(key)?.cancel();
    this.#waiting.delete(key);
    const wait = Math.min(Math.max(0, waitMs), MAX_WAIT_MS);
    const timer = this.#context.deps.clock.after(wait, () => {
      this.#waiting.delete(key);
      if (wait < waitMs) return this.#later(promise, waitMs - wait, failures);
      const look = this.#look(promise, failures).finally(() => this.#looking.delete(look));
      this.#looking.add(look);
    });
    this.#waiting.set(key, timer);
    const [oldest] = this.#waiting.size > MAX_WATCHED ? this.#waiting.keys() : [];
    if (oldest === undefined) return;
    this.#waiting.get(oldest)?.cancel();
    this.#waiting.delete(oldest);
  }

  /** Never rejects. */
  async #look(promise: PromiseRecord, failures: number): Promise<void> {
    const { deps, faults } = this.#context;
    const { run, round } = promise;
    try {
      const fault = await this.#faultOf(promise);
      if (fault !== undefined) await faults.accuse([fault]);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      deps.logger.warn('promise.unchecked', { run, round, reason });
      if (failures + 1 < MAX_TRIES && !this.#isClosed) {
        this.#later(promise, RETRY_MS, failures + 1);
      }
    }
  }

  /** Undefined when the round was shown after all: what it says of the promise was judged then. */
  async #faultOf({ run, round, dueMs }: PromiseRecord): Promise<Contradiction | undefined> {
    const { chain, log } = this.#context.deps;
    const anchored = await chain?.round(run, round);
    const { header, promise, receipt } = log.round(run, round) ?? {};
    if (header !== undefined || promise === undefined || anchored?.status === 'void') {
      return undefined;
    }
    const due = new Date(Number(dueMs)).toISOString();
    const where = anchored === undefined ? 'the chain holds no such round' : 'the chain holds it';
    return {
      run,
      round,
      code: 'ROUND_PROMISE_BROKEN',
      kind: 'overdue',
      reason: `promised until ${due}, and neither a header nor a result came; ${where}`,
      records: { ...(receipt && { receipt: receipt.wire }), promise: promise.wire },
      exhibits: { ...(anchored && { anchored: anchored.header }) },
    };
  }
}
