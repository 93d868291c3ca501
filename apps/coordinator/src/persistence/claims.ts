import { TallyError } from '@tallystick/kernel';
import { ELECTED_LEASE, type Fence } from './fence.js';
import type { UnitOfWork } from './unit-of-work.js';

/** The elected row is held meanwhile, so no later epoch can exist that this one would overwrite. */
const CLAIM = `
INSERT INTO leases (name, epoch, holder)
SELECT $1, epoch, holder FROM leases WHERE name = $2 AND epoch = $3 FOR SHARE
ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, holder = excluded.holder
RETURNING epoch`;

/** Leases of single things, claimed by whoever was elected. */
export class Claims {
  readonly #work: UnitOfWork;

  constructor(work: UnitOfWork) {
    this.#work = work;
  }

  /**
   * From now on `name` is written under `epoch` alone: writes of an older epoch that are under way are waited for, later
   * ones are refused. So what is read after this is the whole truth. Rejects with ROUND_FENCED when `epoch` is over.
   */
  async claim(name: string, epoch: number): Promise<Fence> {
    const rows: unknown = await this.#work.read((manager) =>
      manager.query(CLAIM, [name, ELECTED_LEASE, epoch]),
    );
    if (!Array.isArray(rows) || rows.length !== 1) {
      throw new TallyError('ROUND_FENCED', { lease: name });
    }
    return { name, epoch };
  }
}
