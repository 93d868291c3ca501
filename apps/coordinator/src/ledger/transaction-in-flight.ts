import type { CommitOutcome, RoundLedger } from '@tallystick/chain';
import type { Clock, Hash } from '@tallystick/kernel';
import type { StoredCommit } from '../persistence/outbox-rows.js';

/** The same transaction is sent again after this: a chain that was killed has forgotten what was in no block yet. */
const RESEND_MS = 2_000;
/**
 * A transaction that is in no finalised block after this is signed again, whatever its era says: an embedded chain
 * without other transactions makes no blocks by which the era could end. The pallet takes a record only once.
 */
const SILENT_MS = 120_000;

/** Where a transaction stands, and what is to be done about it. */
export type Flight =
  /** Overdue: to be sent again. */
  | { readonly kind: 'waiting'; readonly isOverdue: boolean }
  /** No block will hold it any more, or nobody knows why none does: to be signed again. */
  | { readonly kind: 'lost'; readonly why: 'expired' | 'silent' }
  | Extract<CommitOutcome, { kind: 'final' | 'refused' }>;

/**
 * The one transaction of a publisher that is on its way to a finalised block. Both of its clocks start when this process
 * first sends or sees the transaction, and start anew with another one: what a process before this one waited says
 * nothing, since the chain may have been away with it.
 */
export class TransactionInFlight {
  readonly #ledger: Pick<RoundLedger, 'submitCommit' | 'commitOutcome'>;
  readonly #clock: Clock;
  #hash: Hash | undefined;
  #sinceMs = 0;
  #sentMs: number | undefined;

  constructor(ledger: Pick<RoundLedger, 'submitCommit' | 'commitOutcome'>, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** Sends it, or sends it again, which is harmless. Rejects with LEDGER_UNREACHABLE. */
  async send(commit: StoredCommit): Promise<void> {
    this.#see(commit);
    this.#sentMs = this.#clock.nowMs();
    await this.#ledger.submitCommit(commit);
  }

  /** What became of it, by finalised blocks alone. One that another process sent is overdue at once. */
  async look(commit: StoredCommit): Promise<Flight> {
    this.#see(commit);
    const outcome = await this.#ledger.commitOutcome(commit);
    switch (outcome.kind) {
      case 'final':
      case 'refused':
        return outcome;
      case 'expired':
        return { kind: 'lost', why: 'expired' };
      case 'waiting': {
        const nowMs = this.#clock.nowMs();
        if (nowMs - this.#sinceMs > SILENT_MS) return { kind: 'lost', why: 'silent' };
        const isOverdue = this.#sentMs === undefined || nowMs - this.#sentMs >= RESEND_MS;
        return { kind: 'waiting', isOverdue };
      }
    }
  }

  #see({ hash }: StoredCommit): void {
    if (this.#hash === hash) return;
    this.#hash = hash;
    this.#sinceMs = this.#clock.nowMs();
    this.#sentMs = undefined;
  }
}
