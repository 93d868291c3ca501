import { TallyError } from '@tallystick/kernel';
import type { DataSource, QueryRunner } from 'typeorm';

/** "TLYP": one publisher per database. */
const PUBLISHER_LOCK = 0x54_4c_59_50;

/**
 * The right to publish: a session lock in PostgreSQL. It ends with the database connection, so a process that was
 * killed, or cut off from the database, cannot keep it.
 */
export class Leadership {
  readonly #source: DataSource;
  #runner: QueryRunner | undefined;

  constructor(source: DataSource) {
    this.#source = source;
  }

  /** Resolves while this process leads; rejects with LEDGER_NOT_LEADER when another one does. */
  async hold(): Promise<void> {
    if (this.#runner !== undefined && (await isAlive(this.#runner))) return;
    await this.release();
    const runner = this.#source.createQueryRunner();
    try {
      const rows: unknown = await runner.query('SELECT pg_try_advisory_lock($1) AS held', [
        PUBLISHER_LOCK,
      ]);
      if (!isHeld(rows)) throw new TallyError('LEDGER_NOT_LEADER');
      this.#runner = runner;
    } catch (error) {
      await runner.release();
      throw error;
    }
  }

  /** Gives the lock back. */
  async release(): Promise<void> {
    const runner = this.#runner;
    this.#runner = undefined;
    if (runner === undefined) return;
    await runner.query('SELECT pg_advisory_unlock($1)', [PUBLISHER_LOCK]).catch(() => undefined);
    await runner.release().catch(() => undefined);
  }
}

async function isAlive(runner: QueryRunner): Promise<boolean> {
  return runner.query('SELECT 1').then(
    () => true,
    () => false,
  );
}

function isHeld(rows: unknown): boolean {
  const row: unknown = Array.isArray(rows) ? rows[0] : undefined;
  return typeof row === 'object' && row !== null && 'held' in row && row.held === true;
}
