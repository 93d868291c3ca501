/** Milliseconds between two instants. */
const ms = (from: string, to: string): string =>
  `round(extract(epoch FROM ${to} - ${from}) * 1000)::bigint`;

/** $1 runs, $2 rounds of each: by the key of the rounds, so that long runs cost no more than short ones. */
export const RECENT_LOSSES = `
SELECT r.id AS run_id, json_agg(l.loss ORDER BY l.round) AS losses
FROM unnest($1::bigint[]) AS r(id), LATERAL (
  SELECT round, (metrics::jsonb ->> 'lossBefore')::bigint AS loss FROM rounds
  WHERE run_id = r.id AND header IS NOT NULL ORDER BY round DESC LIMIT $2) AS l
WHERE l.loss IS NOT NULL GROUP BY r.id`;

/** $1 run. */
export const METRIC_NAMES = `
SELECT DISTINCT jsonb_object_keys(metrics) AS name FROM evaluations
WHERE run_id = $1 AND round = (SELECT max(round) FROM evaluations WHERE run_id = $1)
ORDER BY name`;

/**
 * $1 run, $2 first and $3 last round. Three reads and no join: without statistics a join of them is planned as nested loops,
 * and 5,000 rounds take 25 s.
 */
export const ROUND_TIMES = `
SELECT round, ${ms("timestamptz 'epoch'", 'opened_at')} AS opened_ms,
  ${ms("timestamptz 'epoch'", 'closed_at')} AS closed_ms,
  metrics::jsonb ->> 'lossBefore' AS loss_before, metrics::jsonb ->> 'lossAfter' AS loss_after
FROM rounds WHERE run_id = $1 AND round BETWEEN $2 AND $3 AND header IS NOT NULL AND NOT is_void
ORDER BY round`;

/** The same parameters. Bytes are those of the updates that were accepted. */
export const UPDATE_TIMES = `
SELECT round, ${ms("timestamptz 'epoch'", 'min(at)')} AS first_ms,
  ${ms("timestamptz 'epoch'", 'max(at)')} AS last_ms, sum((detail ->> 'updateBytes')::bigint) AS bytes
FROM events WHERE run_id = $1 AND type = 'update.accepted' AND round BETWEEN $2 AND $3
GROUP BY round`;

/** The same parameters. */
export const COMMIT_TIMES = `
SELECT round, ${ms("timestamptz 'epoch'", 'final_at')} AS final_ms
FROM outbox WHERE run_id = $1 AND round BETWEEN $2 AND $3 AND final_at IS NOT NULL`;

/** $1 run, $2 first and $3 last round, $4 metric. */
export const ROUND_SPREAD = `
SELECT round, round(sum(value * n) / nullif(sum(n), 0)) AS mean, min(value) AS low, max(value) AS high
FROM (
  SELECT round, (metrics ->> $4)::numeric AS value, num_examples AS n FROM evaluations
  WHERE run_id = $1 AND round BETWEEN $2 AND $3 AND metrics ? $4) AS reported
GROUP BY round ORDER BY round`;

/** $1 run, $2 first and $3 last round, $4 metric, $5 most sites. */
export const SITE_CURVES = `
SELECT node_id, json_agg(json_build_array(round, (metrics ->> $4)::bigint) ORDER BY round) AS points,
  count(*) OVER () AS reporting
FROM evaluations WHERE run_id = $1 AND round BETWEEN $2 AND $3 AND metrics ? $4
GROUP BY node_id ORDER BY node_id LIMIT $5`;

/** Over the last 2,000 accepted updates of the deployment. */
export const SITE_SPEEDS = `
SELECT node_id, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY took))::bigint AS round_ms
FROM (
  SELECT c.node_id, extract(epoch FROM c.accepted_at - r.opened_at) * 1000 AS took
  FROM contributions c JOIN rounds r USING (run_id, round)
  ORDER BY c.run_id DESC, c.round DESC LIMIT 2000) AS newest
GROUP BY node_id ORDER BY node_id`;

/** $1 purpose, $2 data set. */
export const LAST_DECLINES = `
SELECT d.node_id, d.run_id, e.detail ->> 'code' AS code, e.detail ->> 'message' AS message
FROM (
  SELECT DISTINCT ON (d.node_id) d.node_id, d.run_id, d.round
  FROM declines d JOIN runs r ON r.id = d.run_id
  WHERE r.spec::jsonb ->> 'purpose' = $1 AND r.spec::jsonb #>> '{data,dataset}' = $2
  ORDER BY d.node_id, d.run_id DESC, d.round DESC) AS d
LEFT JOIN events e ON e.run_id = d.run_id AND e.round = d.round AND e.node_id = d.node_id
  AND e.type = 'node.declined'
WHERE NOT EXISTS (
  SELECT FROM contributions c JOIN runs r ON r.id = c.run_id
  WHERE c.node_id = d.node_id AND (c.run_id, c.round) > (d.run_id, d.round)
    AND r.spec::jsonb ->> 'purpose' = $1 AND r.spec::jsonb #>> '{data,dataset}' = $2)
ORDER BY d.node_id`;
