import { type Clock, isTallyError, type Logger, type Timer } from '@tallystick/kernel';
import {
  type Court,
  type EvidenceFile,
  fileEvidence,
  type Filing,
  filingOf,
  type FilingOutcome,
  followDemand,
} from '@tallystick/site';

/** A demand is looked at again so long after its deadline: the chain's clock may be behind this one. */
const GRACE_MS = 5_000;
/** The longest wait for one look; a window can be a year, and timers hold 24 days. */
const MAX_WAIT_MS = 86_400_000;
/** A chain that is away is asked again after this. */
const RETRY_MS = 60_000;
const MAX_TRIES = 5;
/** Faults that are followed at once; one beyond it is for `tally dispute`. */
const MAX_FOLLOWED = 256;

export interface DisputeDeskDeps {
  /** The chain as the owner's account; closed after each filing. */
  readonly open: () => Promise<Court & { close(): Promise<void> }>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A fault, its file, and how often the chain could not be told of it. */
interface Case {
  readonly file: EvidenceFile;
  readonly path: string;
  readonly failures: number;
  /** The demand is on the chain; another one would cost another deposit. */
  readonly isFiled: boolean;
}

/**
 * Files what is proved, one after another, and takes a demand to its end: after its deadline the
 * round is voided when nobody answered. Says in the log what became of it. A process that ends in between leaves the
 * rest to `tally dispute`.
 */
export class DisputeDesk {
  readonly #deps: DisputeDeskDeps;
  readonly #waiting = new Set<Timer>();
  #filing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(deps: DisputeDeskDeps) {
    this.#deps = deps;
  }

  file(file: EvidenceFile, path: string): void {
    this.#queue({ file, path, failures: 0, isFiled: false });
  }

  /** Waits for what is being filed; nothing is followed any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#waiting) timer.cancel();
    this.#waiting.clear();
    await this.#filing;
  }

  #queue(one: Case): void {
    this.#filing = this.#filing.then(() => this.#fileNow(one));
  }

  /** Never rejects. */
  async #fileNow(one: Case): Promise<void> {
    const { clock, logger } = this.#deps;
    const { file, path, failures } = one;
    const { run, round, kind } = file;
    const filing = filingOf(file);
    if (filing?.isProved !== true) {
      const reason = 'it is for people to weigh';
      logger.warn('dispute.not_filed', { run, round, kind, path, reason });
      return;
    }
    try {
      const outcome = await this.#tell(one, filing);
      logger.warn('dispute.filed', { run, round, kind, path, state: outcome?.state ?? 'answered' });
      if (outcome === undefined || outcome.state === 'upheld') return;
      const leftMs = Math.max(0, Number(outcome.deadlineMs) - clock.nowMs());
      this.#later({ ...one, failures: 0, isFiled: true }, leftMs + GRACE_MS);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.error('dispute.failed', { run, round, kind, path, reason });
      const isRefused = !one.isFiled && isTallyError(error, 'LEDGER_REFUSED');
      if (isRefused || failures + 1 >= MAX_TRIES) return;
      this.#later({ ...one, failures: failures + 1 }, RETRY_MS);
    }
  }

  /** Undefined when a demand was answered. */
  async #tell({ file, isFiled }: Case, filing: Filing): Promise<FilingOutcome | undefined> {
    const { clock, open } = this.#deps;
    const account = await open();
    try {
      if (isFiled && filing.call === 'demand') {
        return await followDemand(file, filing, { account, clock });
      }
      return await fileEvidence(file, filing, { account, clock });
    } finally {
      await account.close();
    }
  }

  #later(one: Case, waitMs: number): void {
    if (this.#isClosed) return;
    const { clock, logger } = this.#deps;
    if (this.#waiting.size >= MAX_FOLLOWED) {
      const { run, round, kind } = one.file;
      const reason = `${MAX_FOLLOWED} faults are followed already`;
      logger.warn('dispute.not_followed', { run, round, kind, path: one.path, reason });
      return;
    }
    const timer = clock.after(Math.min(waitMs, MAX_WAIT_MS), () => {
      this.#waiting.delete(timer);
      this.#queue(one);
    });
    this.#waiting.add(timer);
  }
}
