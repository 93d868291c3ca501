import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Round numbers that the chain has voided. A void round keeps its rows, for whoever looks at them later, and counts
 * nowhere; below `void_until` no row of a round is written any more.
 */
const UP = `
CREATE TABLE voids (
  run_id bigint NOT NULL REFERENCES runs (id),
  from_round bigint NOT NULL,
  until_round bigint NOT NULL,
  PRIMARY KEY (run_id, from_round),
  CONSTRAINT ck_voids_span CHECK (0 <= from_round AND from_round < until_round)
);
ALTER TABLE runs ADD COLUMN void_until bigint NOT NULL DEFAULT 0;
ALTER TABLE rounds ADD COLUMN is_void boolean NOT NULL DEFAULT false;
DROP INDEX uq_rounds_open;
CREATE UNIQUE INDEX uq_rounds_open ON rounds (run_id) WHERE header IS NULL AND NOT is_void;
ALTER TABLE outbox DROP CONSTRAINT ck_outbox_status, DROP CONSTRAINT ck_outbox_signed,
  ADD CONSTRAINT ck_outbox_status CHECK (status IN ('pending', 'submitted', 'final', 'void')),
  ADD CONSTRAINT ck_outbox_signed CHECK (status <> 'submitted' OR extrinsic IS NOT NULL);
DROP INDEX ix_outbox_waiting;
CREATE INDEX ix_outbox_waiting ON outbox (run_id, round) WHERE status IN ('pending', 'submitted');
`;

const DOWN = `
DROP INDEX ix_outbox_waiting;
CREATE INDEX ix_outbox_waiting ON outbox (run_id, round) WHERE status <> 'final';
ALTER TABLE outbox DROP CONSTRAINT ck_outbox_status, DROP CONSTRAINT ck_outbox_signed,
  ADD CONSTRAINT ck_outbox_status CHECK (status IN ('pending', 'submitted', 'final')),
  ADD CONSTRAINT ck_outbox_signed CHECK (status = 'pending' OR extrinsic IS NOT NULL OR status = 'final');
DROP INDEX uq_rounds_open;
CREATE UNIQUE INDEX uq_rounds_open ON rounds (run_id) WHERE header IS NULL;
ALTER TABLE rounds DROP COLUMN is_void;
ALTER TABLE runs DROP COLUMN void_until;
DROP TABLE voids;
`;

/** The number in the name is TypeORM's order key. */
export class Voids1700000000006 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
