import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Every table of the first version. Hashes and records are bytea, instants timestamptz, chain ids bigint. */
const UP = `
CREATE TABLE organisations (
  id bigint PRIMARY KEY,
  name text NOT NULL,
  payout bytea NOT NULL,
  created_at timestamptz NOT NULL,
  CONSTRAINT uq_organisations_name UNIQUE (name),
  CONSTRAINT ck_organisations_payout CHECK (octet_length(payout) = 32)
);
CREATE TABLE nodes (
  id bigint PRIMARY KEY,
  organisation_id bigint NOT NULL REFERENCES organisations (id),
  name text NOT NULL,
  key bytea NOT NULL,
  owner bytea NOT NULL,
  cap numeric(20) NOT NULL,
  strikes integer NOT NULL,
  joined_at timestamptz NOT NULL,
  admitted_at timestamptz,
  seen_at timestamptz,
  CONSTRAINT uq_nodes_key UNIQUE (key),
  CONSTRAINT ck_nodes_key CHECK (octet_length(key) = 32 AND octet_length(owner) = 32)
);
CREATE INDEX ix_nodes_organisation ON nodes (organisation_id);
CREATE TABLE invites (
  token_hash bytea PRIMARY KEY,
  organisation_id bigint NOT NULL REFERENCES organisations (id),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  node_id bigint REFERENCES nodes (id),
  CONSTRAINT ck_invites_token_hash CHECK (octet_length(token_hash) = 32)
);
CREATE TABLE runs (
  id bigint PRIMARY KEY,
  name text NOT NULL,
  spec_hash bytea NOT NULL,
  spec text NOT NULL,
  genesis_model bytea NOT NULL,
  pot numeric(39) NOT NULL,
  status text NOT NULL,
  reason text,
  model bytea NOT NULL,
  last_event bigint NOT NULL,
  created_at timestamptz NOT NULL,
  stop_at timestamptz,
  ended_at timestamptz,
  CONSTRAINT ck_runs_status CHECK (status IN ('proposed', 'running', 'completed', 'failed', 'cancelled'))
);
CREATE INDEX ix_runs_spec_hash ON runs (spec_hash);
CREATE INDEX ix_runs_genesis_model ON runs (genesis_model);
CREATE TABLE rounds (
  run_id bigint NOT NULL REFERENCES runs (id),
  round bigint NOT NULL,
  task bytea NOT NULL,
  cohort bytea NOT NULL,
  cohort_keys bytea NOT NULL,
  opened_at timestamptz NOT NULL,
  header bytea,
  header_hash bytea,
  model_after bytea,
  exclusions bytea,
  metrics text,
  empty_reason text,
  closed_at timestamptz,
  PRIMARY KEY (run_id, round),
  CONSTRAINT ck_rounds_closed CHECK (
    (header IS NULL) = (header_hash IS NULL) AND (header IS NULL) = (closed_at IS NULL)
    AND (header IS NULL) = (exclusions IS NULL) AND (header IS NULL) = (metrics IS NULL))
);
CREATE UNIQUE INDEX uq_rounds_open ON rounds (run_id) WHERE header IS NULL;
CREATE INDEX ix_rounds_model_after ON rounds (model_after);
CREATE TABLE contributions (
  run_id bigint NOT NULL,
  round bigint NOT NULL,
  node_id bigint NOT NULL,
  receipt bytea NOT NULL,
  receipt_signature bytea NOT NULL,
  weight numeric(20) NOT NULL,
  promise bytea NOT NULL,
  accepted_at timestamptz NOT NULL,
  PRIMARY KEY (run_id, round, node_id),
  FOREIGN KEY (run_id, round) REFERENCES rounds (run_id, round),
  CONSTRAINT ck_contributions_weight CHECK (weight > 0)
);
CREATE TABLE declines (
  run_id bigint NOT NULL,
  round bigint NOT NULL,
  node_id bigint NOT NULL,
  reason smallint NOT NULL,
  wire bytea NOT NULL,
  PRIMARY KEY (run_id, round, node_id),
  FOREIGN KEY (run_id, round) REFERENCES rounds (run_id, round)
);
CREATE TABLE outbox (
  run_id bigint NOT NULL,
  round bigint NOT NULL,
  header bytea NOT NULL,
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
  PRIMARY KEY (run_id, round),
  FOREIGN KEY (run_id, round) REFERENCES rounds (run_id, round),
  CONSTRAINT ck_outbox_status CHECK (status IN ('pending', 'submitted', 'final')),
  CONSTRAINT ck_outbox_signed CHECK (status = 'pending' OR extrinsic IS NOT NULL OR status = 'final')
);
CREATE INDEX ix_outbox_waiting ON outbox (run_id, round) WHERE status <> 'final';
CREATE TABLE events (
  run_id bigint NOT NULL REFERENCES runs (id),
  number bigint NOT NULL,
  type text NOT NULL,
  round bigint,
  node_id bigint,
  detail jsonb NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (run_id, number)
);
CREATE TABLE evaluations (
  run_id bigint NOT NULL,
  round bigint NOT NULL,
  node_id bigint NOT NULL,
  model bytea NOT NULL,
  num_examples numeric(20) NOT NULL,
  metrics jsonb NOT NULL,
  reported_at timestamptz NOT NULL,
  PRIMARY KEY (run_id, round, node_id),
  FOREIGN KEY (run_id, round) REFERENCES rounds (run_id, round)
);
`;

const DOWN = `
DROP TABLE evaluations, events, outbox, declines, contributions, rounds, runs, invites, nodes, organisations;
`;

/** The number in the name is TypeORM's order key. */
export class FirstTables1700000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
