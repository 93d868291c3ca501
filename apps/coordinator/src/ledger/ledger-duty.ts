import { type Clock, isTallyError, type Logger, type RunId, type Sha256 } from '@tallystick/kernel';
import type { RoundLedger } from '@tallystick/chain';
import type { Duty } from '../leader.js';
import type { Claims } from '../persistence/claims.js';
import { type Fence, LEDGER_LEASE } from '../persistence/fence.js';
import type { Outbox } from '../persistence/outbox-rows.js';
import type { RunRows } from '../persistence/run-rows.js';
import type { Voids } from '../persistence/void-rows.js';
import { knownError, type Readiness } from '../readiness.js';
import type { CommitPublisher } from './commit-publisher.js';
import { reconcile } from './reconcile.js';
import { takeVoids } from './take-voids.js';
import { VoidWatch } from './void-watch.js';

export interface LedgerDutyDeps {
  readonly claims: Pick<Claims, 'claim'>;
  readonly runs: Pick<RunRows, 'ids' | 'known'>;
  readonly voids: { under(fence: Fence): Voids };
  readonly outbox: { under(fence: Fence): Outbox };
  readonly publisher: (outbox: Outbox, fence: Fence) => CommitPublisher;
  readonly ledger: RoundLedger;
  readonly sha256: Sha256;
  readonly readiness: Readiness;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Rounds of this run were voided, and its rows say so. */
  readonly voided: (run: RunId) => void;
  /** A write was refused because another coordinator leads. */
  readonly onFenced: () => void;
}

/**
 * The one nonce lane: reconciles database and chain, then carries closed rounds to the chain and takes in what the chain
 * voids while this process leads.
 */
export class LedgerDuty implements Duty {
  readonly name = 'ledger';
  readonly #deps: LedgerDutyDeps;
  #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(deps: LedgerDutyDeps) {
    this.#deps = deps;
  }

  /** Before any run goes on: what is final is known, and a conflict stops the start. Rejects with ROUND_FENCED when `epoch` is over. */
  async start(epoch: number): Promise<void> {
    const { claims, runs, ledger, sha256, clock, logger, voided } = this.#deps;
    const fence = await claims.claim(LEDGER_LEASE, epoch);
    const outbox = this.#deps.outbox.under(fence);
    const voids = this.#deps.voids.under(fence);
    const follows = { ledger, runs, voids, logger };
    try {
      await reconcile(await runs.ids(), {
        ...{ outbox, ledger, voids, sha256 },
        takeVoids: () => takeVoids(follows),
      });
    } catch (error) {
      // A leader that came after this one may have gone on; then this look at two moments says nothing.
      if (isTallyError(error, 'LEDGER_CONFLICT')) await claims.claim(LEDGER_LEASE, epoch);
      throw error;
    }
    await ledger.resetNonces(); // the leader before this one used more of them
    this.#stop = new AbortController();
    const publisher = this.#deps.publisher(outbox, fence);
    const watch = new VoidWatch({ ...follows, clock, voided });
    this.#running = Promise.all(
      [publisher, watch].map((one) =>
        one.run(this.#stop.signal).catch((error: unknown) => this.#halted(error)),
      ),
    );
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#deps.readiness.report('ledger', undefined);
  }

  #halted(error: unknown): void {
    if (isTallyError(error, 'ROUND_FENCED')) return this.#deps.onFenced();
    const known = knownError(error);
    this.#deps.logger.error('ledger.halted', { code: known.code, reason: known.message });
    this.#deps.readiness.report('ledger', known);
  }
}
