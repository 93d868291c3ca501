import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Nodes that the operator does not let in for now. */
export class SuspendedNodes1700000000009 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE nodes ADD COLUMN suspended_at timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE nodes DROP COLUMN suspended_at');
  }
}
