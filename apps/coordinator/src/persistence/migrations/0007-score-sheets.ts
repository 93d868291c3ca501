import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The sheet that the shares of an epoch paid by contribution follow from. */
export class ScoreSheets1700000000007 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE epochs ADD COLUMN sheet bytea');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE epochs DROP COLUMN sheet');
  }
}
