import type { RunPlan } from '@tallystick/rounds';
import { canonicalJson } from '@tallystick/record';
import type { RunEntity } from '../../persistence/entities/index.js';
import type { RunRows } from '../../persistence/run-rows.js';
import type { RunServiceDeps } from '../../runs/run-service.js';
import type { Transact } from './sim-database.js';
import type { SimLeases } from './sim-leases.js';
import type { SimProcess } from './sim-process.js';

type Outcome = Parameters<RunRows['ended']>[1];

/** The row of the one run; nobody pauses or cancels it. */
export class SimRuns {
  outcome: Outcome | undefined;
  #voidUntil = 0;
  readonly #transact: Transact;
  readonly #leases: SimLeases;

  constructor(transact: Transact, leases: SimLeases) {
    this.#transact = transact;
    this.#leases = leases;
  }

  /** The chain has voided rounds: a run that had played all of them goes on. */
  voided(until: number): void {
    this.#voidUntil = until;
    if (this.outcome?.status === 'completed') this.outcome = undefined;
  }

  /** @param plan as this process understands it. */
  rows(client: SimProcess, plan: RunPlan): RunServiceDeps['rows'] & Pick<RunRows, 'ids' | 'known'> {
    const read = <T>(what: string, value: () => T): Promise<T> =>
      this.#transact(client, what, async () => value());
    const unasked = (): Promise<never> => Promise.reject(new Error('nobody asks for this here'));
    const row = (): RunEntity => this.#row(plan);
    return {
      get: () => read('run', row),
      ids: () => read('runs', () => [plan.run]),
      known: () => read('known', () => new Set([plan.run])),
      unfinished: () => read('unfinished', () => (this.outcome === undefined ? [row()] : [])),
      lastEnded: () => read('last ended', () => (this.outcome === undefined ? [] : [row()])),
      ended: ({ voidUntil }, outcome, fence) =>
        read(`ended ${outcome.status}`, () => {
          this.#leases.hold(fence);
          if (voidUntil !== this.#voidUntil) return false;
          this.outcome = outcome;
          return true;
        }),
      ...{ started: unasked, requestStop: unasked, pause: unasked, goOn: unasked },
    };
  }

  #row({ run: id, spec, specHash, genesisModel }: RunPlan): RunEntity {
    return {
      ...{ id, name: spec.name, spec: canonicalJson(spec), specHash, genesisModel },
      ...{ pot: 0n, model: genesisModel, voidUntil: this.#voidUntil },
      ...{ lastEvent: 0, createdAt: new Date(0) },
      ...{ status: this.outcome?.status ?? 'running', reason: null },
      ...{ stopAt: null, pausedAt: null, endedAt: null },
      ...{ closeWhenSettled: false, settledAt: null, closedAt: null, owner: null },
    };
  }
}
