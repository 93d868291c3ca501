import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * People, their sessions and tokens (only hashes), the log of privileged acts, and who launched a run. The operator has a
 * row without a password, so that a run, a session or a token can be its.
 */
const UP = `
CREATE TABLE users (
  id text PRIMARY KEY,
  name text NOT NULL,
  role text NOT NULL,
  organisation text,
  source text NOT NULL,
  password text,
  issuer text,
  subject text,
  created_at timestamptz NOT NULL,
  disabled_at timestamptz,
  CONSTRAINT ck_users_role CHECK (role IN ('admin', 'researcher', 'auditor', 'site')),
  CONSTRAINT ck_users_site CHECK ((role = 'site') = (organisation IS NOT NULL)),
  CONSTRAINT ck_users_source CHECK (source IN ('local', 'oidc', 'operator')),
  CONSTRAINT ck_users_oidc CHECK ((source = 'oidc') = (issuer IS NOT NULL AND subject IS NOT NULL)),
  CONSTRAINT uq_users_subject UNIQUE (issuer, subject)
);
CREATE UNIQUE INDEX uq_users_local ON users (name) WHERE source <> 'oidc';
INSERT INTO users (id, name, role, source, created_at)
  VALUES ('operator', 'operator', 'admin', 'operator', now());
CREATE TABLE sessions (
  id text PRIMARY KEY,
  hash bytea NOT NULL UNIQUE,
  user_id text NOT NULL REFERENCES users (id),
  created_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  address text NOT NULL
);
CREATE INDEX ix_sessions_user ON sessions (user_id);
CREATE TABLE tickets (
  hash bytea PRIMARY KEY,
  created_at timestamptz NOT NULL
);
CREATE TABLE tokens (
  id text PRIMARY KEY,
  hash bytea NOT NULL,
  user_id text NOT NULL REFERENCES users (id),
  name text NOT NULL,
  scopes text[] NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);
CREATE INDEX ix_tokens_user ON tokens (user_id);
CREATE TABLE groups (
  name text PRIMARY KEY,
  role text NOT NULL,
  organisation text,
  CONSTRAINT ck_groups_role CHECK (role IN ('admin', 'researcher', 'auditor', 'site')),
  CONSTRAINT ck_groups_site CHECK ((role = 'site') = (organisation IS NOT NULL))
);
CREATE TABLE acts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL,
  kind text NOT NULL,
  who text NOT NULL,
  name text NOT NULL,
  act text NOT NULL,
  object text NOT NULL,
  outcome text NOT NULL,
  address text NOT NULL
);
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the log of privileged acts is append-only';
END $$;
CREATE TRIGGER acts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON acts
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE runs ADD COLUMN owner text REFERENCES users (id);
ALTER TABLE launches ADD COLUMN owner text REFERENCES users (id);
`;

const DOWN = `
ALTER TABLE launches DROP COLUMN owner;
ALTER TABLE runs DROP COLUMN owner;
DROP TABLE acts, groups, tokens, tickets, sessions, users;
DROP FUNCTION refuse_change;
`;

/** The number in the name is TypeORM's order key. */
export class People1700000000005 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
