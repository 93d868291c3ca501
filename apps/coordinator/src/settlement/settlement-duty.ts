import { isTallyError, type Logger } from '@tallystick/kernel';
import type { Duty } from '../leader.js';
import type { Claims } from '../persistence/claims.js';
import { type Fence, SETTLEMENT_LEASE } from '../persistence/fence.js';
import type { Wake } from '../wake.js';
import type { ScoreDesk } from './score-desk.js';

/** How often it is looked whether something is due; windows are minutes to days, demands wait for the challenge window. */
const LOOK_MS = 1_000;

/** One look at what is due; rejects with ROUND_FENCED when another coordinator leads. */
export interface Look {
  step(): Promise<void>;
}

export interface SettlementDutyDeps {
  readonly claims: Pick<Claims, 'claim'>;
  /** What is looked at, in this order, for as long as the lease is held. */
  readonly looks: (fence: Fence) => readonly Look[];
  readonly wake: Wake;
  /** Scores that are made in the background. */
  readonly desk: Pick<ScoreDesk, 'stop'>;
  readonly logger: Logger;
  /** A write was refused because another coordinator leads. */
  readonly onFenced: () => void;
}

/** While this process leads: demands are answered, epochs settled, runs closed, and lost runs found. */
export class SettlementDuty implements Duty {
  readonly name = 'settlement';
  readonly #deps: SettlementDutyDeps;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(deps: SettlementDutyDeps) {
    this.#deps = deps;
  }

  async start(epoch: number): Promise<void> {
    const fence = await this.#deps.claims.claim(SETTLEMENT_LEASE, epoch);
    this.#stop = new AbortController();
    this.#running = this.#run(this.#deps.looks(fence), this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#deps.desk.stop();
  }

  async #run(looks: readonly Look[], signal: AbortSignal): Promise<void> {
    const { wake, logger, onFenced } = this.#deps;
    while (!signal.aborted) {
      for (const look of looks) {
        try {
          await look.step();
        } catch (error) {
          if (isTallyError(error, 'ROUND_FENCED')) return onFenced();
          const reason = error instanceof Error ? error.message : String(error);
          logger.warn('settlement.look_failed', { reason }); // chain or database away: looked at again
        }
      }
      await wake.sleep(LOOK_MS, signal);
    }
  }
}
