/**
 * Pieces of SQL that several statements share. A statement that writes rows of a run commits by itself, so all of it is
 * one round trip and one flush of the log. Its first parameters are always these:
 * $1 the run, $2 name and $3 epoch of the lease or NULLs, $4 the instant, $5 the events as a JSON array.
 *
 * What locks a row another writer may hold depends on CTEs of SELECT alone: PostgreSQL looks at the newest version of such
 * a row again, and cannot do so through a CTE that writes.
 */

/** One row while the lease is held, until the commit; nobody can take it over before. */
export const HELD = `
lease AS MATERIALIZED (SELECT FROM leases WHERE name = $2 AND epoch = $3 FOR SHARE),
held AS MATERIALIZED (SELECT WHERE $2::text IS NULL OR EXISTS (SELECT FROM lease))`;

/**
 * Takes numbers for the events under the run row's lock, when `condition` has a row and the run row is as `only` says;
 * `also` sets further columns.
 */
export function allot(
  condition: 'held' | 'open',
  also: '' | ', model = $7' = '',
  only: '' | 'AND void_until <= $6' = '',
): string {
  return `
allotted AS (
  UPDATE runs SET last_event = last_event + jsonb_array_length($5::jsonb)${also}
  WHERE id = $1 AND EXISTS (SELECT FROM ${condition}) ${only} RETURNING last_event)`;
}

/** The event rows, in the order of $5. */
export const TELL = `
told AS (
  INSERT INTO events (run_id, number, type, round, node_id, detail, at)
  SELECT $1, last_event - jsonb_array_length($5::jsonb) + e.n, e.type, e.round, e.node, e.detail, $4
  FROM allotted, ROWS FROM (
    jsonb_to_recordset($5::jsonb) AS (type text, round bigint, node bigint, detail jsonb)
  ) WITH ORDINALITY AS e (type, round, node, detail, n))`;

/** Appends events of a run. */
export const TELL_EVENTS = `
WITH ${HELD}, ${allot('held')}, ${TELL}
SELECT EXISTS (SELECT FROM held) AS held, EXISTS (SELECT FROM allotted) AS written`;
