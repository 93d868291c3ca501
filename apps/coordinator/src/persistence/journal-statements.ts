import { allot, HELD, TELL } from './statements.js';

/** The round $6 as it is now, under its row's lock, which orders a late append against the close and both against a void. */
const OPEN_ROUND = `
round AS MATERIALIZED (
  SELECT header_hash IS NOT NULL AS closed, is_void FROM rounds
  WHERE run_id = $1 AND round = $6 AND EXISTS (SELECT FROM held) FOR NO KEY UPDATE),
open AS MATERIALIZED (SELECT FROM round WHERE NOT closed AND NOT is_void)`;

/** What became of it: `closed` is NULL when there is no such round. */
const OUTCOME = `
SELECT EXISTS (SELECT FROM held) AS held, EXISTS (SELECT FROM allotted) AS written,
  (SELECT closed FROM round) AS closed, EXISTS (SELECT FROM round WHERE is_void) AS void`;

/** A run that is there and takes no number of the round has voided it. $6 round, $7 task, $8 cohort, $9 its keys, $10 its policies or NULL. */
export const INSERT_ROUND = `
WITH ${HELD}, ${allot('held', '', 'AND void_until <= $6')}, ${TELL},
opened AS (
  INSERT INTO rounds (run_id, round, task, cohort, cohort_keys, cohort_policies, opened_at)
  SELECT $1, $6, $7, $8, $9, $10, $4 FROM allotted)
SELECT EXISTS (SELECT FROM held) AS held, EXISTS (SELECT FROM allotted) AS written,
  EXISTS (SELECT FROM runs WHERE id = $1) AS void`;

/** $6 round; one array a column: $7 nodes, $8 receipts, $9 their signatures, $10 weights, $11 promises. */
export const INSERT_CONTRIBUTIONS = `
WITH ${HELD}, ${OPEN_ROUND}, ${allot('open')}, ${TELL},
accepted AS (
  INSERT INTO contributions
    (run_id, round, node_id, receipt, receipt_signature, weight, promise, accepted_at)
  SELECT $1, $6, c.*, $4 FROM allotted,
    unnest($7::bigint[], $8::bytea[], $9::bytea[], $10::numeric[], $11::bytea[]) AS c)
${OUTCOME}`;

/** $6 round, $7 node, $8 reason, $9 the signed record. */
export const INSERT_DECLINE = `
WITH ${HELD}, ${OPEN_ROUND}, ${allot('open')}, ${TELL},
declined AS (
  INSERT INTO declines (run_id, round, node_id, reason, wire)
  SELECT $1, $6, $7, $8, $9 FROM allotted)
${OUTCOME}`;

/** $6 round, $7 the model after it, $8 header, $9 its hash, $10 exclusions, $11 metrics, $12 why it is empty. */
export const CLOSE_ROUND = `
WITH ${HELD}, ${OPEN_ROUND}, ${allot('open', ', model = $7')}, ${TELL},
closing AS (
  UPDATE rounds SET model_after = $7, header = $8, header_hash = $9, exclusions = $10, metrics = $11,
    empty_reason = $12, closed_at = $4
  WHERE run_id = $1 AND round = $6 AND EXISTS (SELECT FROM open)),
queued AS (
  INSERT INTO outbox (run_id, round, header, status, queued_at, attempts)
  SELECT $1, $6, $8, 'pending', $4, 0 FROM allotted)
${OUTCOME}`;
