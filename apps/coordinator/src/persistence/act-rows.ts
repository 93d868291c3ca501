import { LIMITS } from '@tallystick/protocol';
import { LessThan } from 'typeorm';
import { ActEntity } from './entities/index.js';
import type { UnitOfWork } from './unit-of-work.js';

export type NewActRow = Omit<ActEntity, 'id' | 'at'>;

/** The log of privileged acts: written, read, never changed. */
export class ActRows {
  readonly #work: UnitOfWork;

  constructor(work: UnitOfWork) {
    this.#work = work;
  }

  async add(act: NewActRow): Promise<void> {
    await this.#work.run(async (tx) => {
      await tx.manager.insert(ActEntity, { ...act, at: tx.now() });
    });
  }

  /** One page, newest first, of those before `before`. */
  page(before?: string): Promise<readonly ActEntity[]> {
    const where = before === undefined ? {} : { id: LessThan(before) };
    return this.#work.read((manager) =>
      manager.find(ActEntity, { where, order: { id: 'DESC' }, take: LIMITS.maxPage }),
    );
  }
}
