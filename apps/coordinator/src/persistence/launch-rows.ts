import { LessThan } from 'typeorm';
import { LaunchEntity } from './entities/index.js';
import type { Fence } from './fence.js';
import type { NewRunRow } from './run-rows.js';
import type { UnitOfWork } from './unit-of-work.js';

/** Launches under way. */
export class LaunchRows {
  readonly #work: UnitOfWork;

  constructor(work: UnitOfWork) {
    this.#work = work;
  }

  /** Durable before the run is proposed on the chain; its id. */
  async begin(launch: Omit<NewRunRow, 'id'>, fence: Fence): Promise<string> {
    return this.#work.run(async (tx) => {
      const row = tx.manager.create(LaunchEntity, { ...launch, begunAt: tx.now() });
      return (await tx.manager.save(row)).id;
    }, fence);
  }

  /** Oldest first. */
  pending(): Promise<readonly LaunchEntity[]> {
    return this.#work.read((manager) => manager.find(LaunchEntity, { order: { id: 'ASC' } }));
  }

  /** Forgets launches from before `begunAt` that no run on the chain came of. */
  async forget(begunAt: Date, fence: Fence): Promise<void> {
    await this.#work.run(async (tx) => {
      await tx.manager.delete(LaunchEntity, { begunAt: LessThan(begunAt) });
    }, fence);
  }
}
