import type { ApiPromise } from '@polkadot/api';
import type { Hash } from '@tallystick/kernel';

/** Blocks whose API is kept: the newest one is asked several things, and a cohort is drawn at one before it. */
const KEPT = 4;

/** The chain's API at a block. */
export type Snapshot = Awaited<ReturnType<ApiPromise['at']>>;

/** The chain's API at a block. Making one takes some milliseconds of CPU, so those made last are kept. */
export class Snapshots {
  readonly #api: ApiPromise;
  readonly #kept = new Map<Hash, Promise<Snapshot>>();

  constructor(api: ApiPromise) {
    this.#api = api;
  }

  at(block: Hash): Promise<Snapshot> {
    const known = this.#kept.get(block);
    if (known !== undefined) return known;
    const made = this.#api.at(`0x${block}`);
    made.catch(() => this.#kept.delete(block)); // asked again next time
    const [oldest] = this.#kept.size >= KEPT ? this.#kept.keys() : [];
    if (oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(block, made);
    return made;
  }
}
