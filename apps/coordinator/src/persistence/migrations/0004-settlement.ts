import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Policies of the cohort's consents; launches that are not runs yet, so that a run proposed before a crash is found
 * again; settled epochs with their way to the chain.
 */
const UP = `
ALTER TABLE rounds ADD COLUMN cohort_policies bytea;
ALTER TABLE runs
  ADD COLUMN close_when_settled boolean NOT NULL DEFAULT false,
  ADD COLUMN settled_at timestamptz,
  ADD COLUMN closed_at timestamptz;
CREATE INDEX ix_runs_unsettled ON runs (id) WHERE settled_at IS NULL;
CREATE TABLE launches (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  spec_hash bytea NOT NULL,
  spec text NOT NULL,
  genesis_model bytea NOT NULL,
  pot numeric(39) NOT NULL,
  close_when_settled boolean NOT NULL,
  begun_at timestamptz NOT NULL
);
CREATE TABLE epochs (
  run_id bigint NOT NULL REFERENCES runs (id),
  epoch bigint NOT NULL,
  record bytea NOT NULL,
  entitlements bytea NOT NULL,
  status text NOT NULL,
  queued_at timestamptz NOT NULL,
  nonce bigint,
  last_block bigint,
  extrinsic bytea,
  extrinsic_hash bytea,
  attempts integer NOT NULL,
  block bigint,
  block_hash bytea,
  final_at timestamptz,
  PRIMARY KEY (run_id, epoch),
  CONSTRAINT ck_epochs_status CHECK (status IN ('pending', 'submitted', 'final')),
  CONSTRAINT ck_epochs_signed CHECK (status = 'pending' OR extrinsic IS NOT NULL OR status = 'final')
);
CREATE INDEX ix_epochs_waiting ON epochs (run_id, epoch) WHERE status <> 'final';
`;

const DOWN = `
DROP TABLE epochs, launches;
DROP INDEX ix_runs_unsettled;
ALTER TABLE runs DROP COLUMN close_when_settled, DROP COLUMN settled_at, DROP COLUMN closed_at;
ALTER TABLE rounds DROP COLUMN cohort_policies;
`;

/** The number in the name is TypeORM's order key. */
export class Settlement1700000000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
