import type { Clock, NodeId } from '@tallystick/kernel';
import { hasConsented, type RunConsents } from './consent.js';
import type { LedgerView, OpenRound } from './ports/index.js';
import type { RunPlan } from './run-plan.js';

/**
 * A promised update is counted when the round closes, and the pallet judges the consent at that moment: what ends before
 * the latest one is not promised.
 */
const CLOSE_GRACE_MS = 60_000n;
/** The chain is asked at most this often, however many updates arrive. */
const FRESH_MS = 250;

/**
 * Who withdrew the consent of a run after a round had opened. A look at the newest finalised block, at most 250 ms old;
 * while the chain is away the last look stands: what a round may hold is judged at its task's block, and a node that is
 * dropped earlier is a courtesy to its owner.
 */
export class ConsentWatch {
  readonly #plan: Pick<RunPlan, 'run' | 'spec'>;
  readonly #ledger: LedgerView;
  readonly #clock: Clock;
  #look: Promise<RunConsents | undefined> = Promise.resolve(undefined);
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    plan: Pick<RunPlan, 'run' | 'spec'>,
    deps: { readonly ledger: LedgerView; readonly clock: Clock },
  ) {
    this.#plan = plan;
    this.#ledger = deps.ledger;
    this.#clock = deps.clock;
  }

  /** True when nothing of `node` should be promised any more. Never rejects. */
  async isWithdrawn(
    node: NodeId,
    { round, task }: Pick<OpenRound, 'round' | 'task'>,
  ): Promise<boolean> {
    const newest = await this.#newest();
    if (newest === undefined) return false;
    const closeMs = task.deadlineMs + CLOSE_GRACE_MS;
    const consents = { ...newest, atMs: newest.atMs > closeMs ? newest.atMs : closeMs };
    return !hasConsented(this.#plan.spec, consents, { node, round });
  }

  #newest(): Promise<RunConsents | undefined> {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#lookedAtMs >= FRESH_MS) {
      const before = this.#look;
      this.#lookedAtMs = nowMs;
      this.#look = this.#read().catch(() => before);
    }
    return this.#look;
  }

  async #read(): Promise<RunConsents> {
    return this.#ledger.consents(this.#plan.run, await this.#ledger.finalized());
  }
}
