import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What only one process may do. `coordinator` is won by election and renewed; whoever has it claims the other rows
 * (`ledger`, `run/<id>`) with its epoch, and every write of theirs looks for its row and epoch. Their `until` is NULL: they
 * last as long as the claimant leads.
 */
const UP = `
CREATE TABLE leases (
  name text PRIMARY KEY,
  epoch bigint NOT NULL,
  holder text NOT NULL,
  until timestamptz,
  CONSTRAINT ck_leases_epoch CHECK (epoch > 0)
);
`;

/** The number in the name is TypeORM's order key. */
export class Leases1700000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE leases');
  }
}
