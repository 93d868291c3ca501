import { asRunId, type Clock, type Logger, type RunId } from '@tallystick/kernel';
import type { ChainRun, RoundLedger } from '@tallystick/chain';
import type { LaunchEntity } from '../persistence/entities/index.js';
import type { Fence } from '../persistence/fence.js';
import type { LaunchRows } from '../persistence/launch-rows.js';
import type { RunRows } from '../persistence/run-rows.js';

/** A launch whose transaction no block has taken by then never becomes a run: an era lasts 64 blocks of 6 s. */
const LAUNCH_MS = 15 * 60_000;

export interface OrphanRunsDeps {
  readonly rows: Pick<RunRows, 'known' | 'propose'>;
  readonly launches: Pick<LaunchRows, 'pending' | 'forget'>;
  readonly ledger: Pick<
    RoundLedger,
    'runCount' | 'chainRun' | 'closeRun' | 'treasuryAccount' | 'coordinatorAccount'
  >;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Runs that this deployment proposed on the chain and knows nothing of, because the process died before the row: one
 * whose launch is stored gets its row and is played, another is closed, and its pot goes back.
 */
export class OrphanRuns {
  readonly #deps: OrphanRunsDeps;

  constructor(deps: OrphanRunsDeps) {
    this.#deps = deps;
  }

  /** Call while nothing is launched. The runs that were adopted. */
  async find(fence: Fence): Promise<readonly RunId[]> {
    const { rows, launches, ledger, clock } = this.#deps;
    const known = await rows.known();
    const pending = [...(await launches.pending())];
    const adopted: RunId[] = [];
    const count = await ledger.runCount();
    for (let number = 0; number < count; number++) {
      const run = asRunId(number);
      const chainRun = known.has(run) ? undefined : await ledger.chainRun(run);
      if (chainRun === undefined || !this.#isOurs(chainRun)) continue;
      if (await this.#take(run, pending, { chainRun, fence })) adopted.push(run);
    }
    await launches.forget(new Date(clock.nowMs() - LAUNCH_MS), fence);
    return adopted;
  }

  /** Nobody else may close or accept it, and nobody has accepted it: no round can be lost. */
  #isOurs({ owner, coordinator, status }: ChainRun): boolean {
    const { ledger } = this.#deps;
    const isNamed = coordinator === ledger.coordinatorAccount();
    return status === 'proposed' && owner === ledger.treasuryAccount() && isNamed;
  }

  async #take(
    run: RunId,
    pending: LaunchEntity[],
    { chainRun, fence }: { readonly chainRun: ChainRun; readonly fence: Fence },
  ): Promise<boolean> {
    const { rows, ledger, logger } = this.#deps;
    const index = pending.findIndex(
      ({ specHash, genesisModel }) =>
        specHash === chainRun.spec && genesisModel === chainRun.genesisModel,
    );
    const [launch] = index < 0 ? [] : pending.splice(index, 1);
    if (launch === undefined) {
      await ledger.closeRun(run);
      logger.warn('run.orphan_closed', { run });
      return false;
    }
    const { id, begunAt: _begunAt, ...row } = launch;
    await rows.propose({ id: run, ...row }, fence, id);
    logger.warn('run.orphan_adopted', { run });
    return true;
  }
}
