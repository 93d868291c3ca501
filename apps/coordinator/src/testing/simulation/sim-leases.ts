import { TallyError } from '@tallystick/kernel';
import type { LeadLease } from '../../leader.js';
import type { Claims } from '../../persistence/claims.js';
import type { Fence } from '../../persistence/fence.js';
import type { Sim } from './sim.js';
import type { Transact } from './sim-database.js';
import type { SimProcess } from './sim-process.js';

/** How often a standby looks. */
const LOOK_MS = 250;

/** Of every coordinator. */
export const LEASE_MS = 3_000;

/** The leases: who was elected last, until when, and under which epoch each single thing is written. */
export class SimLeases {
  readonly #sim: Sim;
  readonly #transact: Transact;
  readonly #skipsFence: boolean;
  readonly #epochs = new Map<string, number>();
  #epoch = 0;
  #untilMs = 0;
  /** Whose session has the lock; it ends with that process. */
  #holder: SimProcess | undefined;

  /** @param skipsFence for the mutants: a write under an old epoch is as good as another. */
  constructor(sim: Sim, transact: Transact, skipsFence: boolean) {
    this.#sim = sim;
    this.#transact = transact;
    this.#skipsFence = skipsFence;
  }

  /** Persistence's Lease for one process. */
  of(client: SimProcess): LeadLease {
    const { clock, faults } = this.#sim;
    return {
      take: async (onLook, signal) => {
        while (!this.#isFree()) {
          onLook({ holder: 'another', remainingMs: this.#untilMs - clock.nowMs() });
          await client.sleep(LOOK_MS);
          if (signal.aborted) return undefined;
        }
        return this.#enter(client);
      },
      renew: (epoch) => {
        if (faults.strikes('lease.cut')) this.#holder = undefined;
        return this.#transact(client, `renew ${epoch}`, () => this.#extend(client, epoch));
      },
      release: async (epoch) => {
        if (epoch === this.#epoch) this.#holder = undefined;
      },
    };
  }

  /** Persistence's Claims for one process. */
  claims(client: SimProcess): Pick<Claims, 'claim'> {
    return {
      claim: (name, epoch) =>
        this.#transact(client, `claim ${name} ${epoch}`, async () => {
          if (epoch !== this.#epoch) throw fenced(name);
          this.#epochs.set(name, epoch);
          this.#sim.watch.claimed(name, epoch);
          return { name, epoch };
        }),
    };
  }

  /** Throws ROUND_FENCED unless `fence` is the newest; asked at the moment at which a write takes effect. */
  hold({ name, epoch }: Fence): void {
    if (!this.#skipsFence && this.#epochs.get(name) !== epoch) throw fenced(name);
    this.#sim.watch.wrote(name, epoch);
  }

  #isFree(): boolean {
    return this.#holder?.isAlive !== true || this.#untilMs < this.#sim.clock.nowMs();
  }

  #enter(client: SimProcess): number {
    this.#holder = client;
    this.#untilMs = this.#sim.clock.nowMs() + LEASE_MS;
    this.#sim.trace.add(`lease taken ${++this.#epoch}`);
    return this.#epoch;
  }

  async #extend(client: SimProcess, epoch: number): Promise<boolean> {
    const isOthers = this.#holder?.isAlive === true && this.#holder !== client;
    if (isOthers || epoch !== this.#epoch) return false;
    this.#holder = client;
    this.#untilMs = this.#sim.clock.nowMs() + LEASE_MS;
    return true;
  }
}

function fenced(lease: string): TallyError {
  return new TallyError('ROUND_FENCED', { lease });
}
