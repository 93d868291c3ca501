import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A run may rest between two rounds; the round with the smallest loss is found without reading all of them. */
const UP = `
ALTER TABLE runs ADD COLUMN paused_at timestamptz;
CREATE INDEX ix_rounds_loss ON rounds (run_id, (((metrics::jsonb) ->> 'lossBefore')::bigint), round)
  WHERE header IS NOT NULL;
`;

const DOWN = `
DROP INDEX ix_rounds_loss;
ALTER TABLE runs DROP COLUMN paused_at;
`;

/** The number in the name is TypeORM's order key. */
export class PauseAndBest1700000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
