import type { DataSource } from 'typeorm';
import { z } from 'zod';

/** What TypeORM's PostgreSQL driver keeps: the pool of `pg`. */
const Pool = z.object({
  totalCount: z.number(),
  idleCount: z.number(),
  waitingCount: z.number(),
});
const Driver = z.object({ master: z.custom<unknown>() });

/** The connections of this process to the database. */
export class DatabasePool {
  readonly #source: DataSource;

  constructor(source: DataSource) {
    this.#source = source;
  }

  /** Connections at work and at rest, and callers that wait for one. */
  counts(): { readonly busy: number; readonly idle: number; readonly waiting: number } {
    const { master } = Driver.parse(this.#source.driver);
    const { totalCount, idleCount, waitingCount } = Pool.parse(master);
    return { busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount };
  }
}
