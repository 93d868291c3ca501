import { HELD } from './statements.js';

/**
 * Statements about several rounds at once. Their first parameters are always these:
 * $1 the runs, $2 name and $3 epoch of the lease or NULLs, $4 the rounds, one for each of $1.
 */
const CARRIED = `
carried AS MATERIALIZED (
  SELECT * FROM unnest($1::bigint[], $4::bigint[]) AS c (run, round) WHERE EXISTS (SELECT FROM held))`;

function change(columns: string): string {
  return `
changed AS (
  UPDATE outbox o SET ${columns} FROM carried c
  WHERE o.run_id = c.run AND o.round = c.round AND o.status <> 'void')`;
}

const OUTCOME = 'SELECT EXISTS (SELECT FROM held) AS held';

/** $5 nonce, $6 last block that may include it, $7 the signed bytes, $8 their hash. */
export const PREPARED = `
WITH ${HELD}, ${CARRIED}, ${change(
  'nonce = $5, last_block = $6, extrinsic = $7, extrinsic_hash = $8, attempts = attempts + 1',
)}
${OUTCOME}`;

export const UNPREPARED = `
WITH ${HELD}, ${CARRIED}, ${change(
  `status = 'pending', nonce = NULL, last_block = NULL, extrinsic = NULL, extrinsic_hash = NULL`,
)}
${OUTCOME}`;

export const SUBMITTED = `
WITH ${HELD}, ${CARRIED}, ${change(`status = 'submitted'`)}
${OUTCOME}`;

/** $5 the instant, $6 the block and $7 its hash, or NULLs that leave what is there; $8 detail of the events. */
export const FINAL = `
WITH ${HELD}, ${CARRIED}, ${change(
  `status = 'final', final_at = $5, block = coalesce($6, block), block_hash = coalesce($7, block_hash)`,
)},
counts AS MATERIALIZED (SELECT run, count(*) AS n FROM carried GROUP BY run),
allotted AS (
  UPDATE runs SET last_event = last_event + n FROM counts WHERE id = counts.run
  RETURNING id, last_event, n),
told AS (
  INSERT INTO events (run_id, number, type, round, detail, at)
  SELECT id, last_event - n + row_number() OVER (PARTITION BY id ORDER BY round),
    'round.committed', round, $8::jsonb, $5
  FROM allotted JOIN carried ON run = id)
${OUTCOME}`;
