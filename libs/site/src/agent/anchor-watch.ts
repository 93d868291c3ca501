import type { Hash, RunId } from '@tallystick/kernel';
import { isVoid, type VoidSpan } from '@tallystick/rounds';
import type { AgentContext } from './agent-context.js';
import type { Contradiction } from './contradiction.js';
import type { RunKey } from './pinned-key.js';

/** A round as the chain holds it. */
export interface AnchoredHeader {
  readonly header: Hash;
  readonly status: 'committed' | 'void';
}

/** The chain, asked by a site itself. */
export interface ChainView {
  /** Undefined while no finalised block holds the round. Rejects with LEDGER_UNREACHABLE. */
  round(run: RunId, round: number): Promise<AnchoredHeader | undefined>;
  /** Who signs which rounds of a run, ascending; empty when the chain does not know it. Rejects with LEDGER_UNREACHABLE. */
  coordinatorKeys(run: RunId): Promise<readonly Omit<RunKey, 'run'>[]>;
  /** Numbers that do not count in the newest finalised block, ascending. Rejects with LEDGER_UNREACHABLE. */
  voids(run: RunId): Promise<readonly VoidSpan[]>;
}

/** Rounds of a run that are compared in one go, and how far back a restarted site begins. */
const MAX_ROUNDS = 64;
/** Runs whose place is remembered; a forgotten one begins again at its newest rounds. */
const MAX_RUNS = 1_024;

/** Compares the headers that a site was given with those on the chain, as soon as they are final there. */
export class AnchorWatch {
  readonly #context: AgentContext;
  /** The next round to compare. */
  readonly #next = new Map<RunId, number>();
  #looking: Promise<void> = Promise.resolve();
  #isLooking = false;

  constructor(context: AgentContext) {
    this.#context = context;
  }

  /** Looks in the background; a look under way is enough. */
  look(run: RunId): void {
    const { chain } = this.#context.deps;
    if (chain === undefined || this.#isLooking) return;
    this.#isLooking = true;
    this.#looking = this.#compare(chain, run).finally(() => {
      this.#isLooking = false;
    });
  }

  /** Resolves when no look is under way. */
  idle(): Promise<void> {
    return this.#looking;
  }

  /** Never rejects: a chain that is away is asked again after the next round. */
  async #compare(chain: ChainView, run: RunId): Promise<void> {
    const { deps, faults } = this.#context;
    try {
      const head = deps.log.history(run)?.head?.header.round ?? -1;
      const from = this.#next.get(run) ?? Math.max(0, head + 1 - MAX_ROUNDS);
      const voids = deps.log.voids(run);
      let left = MAX_ROUNDS;
      for (let round = from; round <= head && left > 0; round++) {
        if (isVoid(voids, round)) continue;
        left--;
        const anchored = await chain.round(run, round);
        if (anchored === undefined) return;
        const fault = this.#faultOf(run, round, anchored);
        if (fault !== undefined) await faults.accuse([fault]);
        this.#remember(run, round + 1);
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      deps.logger.warn('chain.unchecked', { run, reason });
    }
  }

  #faultOf(run: RunId, round: number, anchored: AnchoredHeader): Contradiction | undefined {
    const { log, logger } = this.#context.deps;
    const held = log.round(run, round)?.header;
    if (anchored.status === 'void') logger.warn('round.void', { run, round });
    if (held === undefined || held.hash === anchored.header) return undefined;
    return {
      run,
      round,
      code: 'ROUND_HEADER_DIFFERS',
      kind: 'anchor',
      reason: `the chain holds header ${anchored.header}, this site was given ${held.hash}`,
      records: { header: held.wire },
      exhibits: { anchored: anchored.header },
    };
  }

  #remember(run: RunId, next: number): void {
    this.#next.delete(run);
    this.#next.set(run, next);
    const oldest = this.#next.keys().next().value;
    if (this.#next.size > MAX_RUNS && oldest !== undefined) this.#next.delete(oldest);
  }
}
