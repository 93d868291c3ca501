import { z } from 'zod';
import { LIMITS } from '../limits.js';
import {
  hash,
  metrics,
  nodeId,
  organisationId,
  roundNumber,
  runId,
  timeMs,
} from '../wire-types.js';

const counts = z.int().min(0);
const nano = z.int();

/** Query of `GET /runs/{run}/curves`. */
export const CurvesQuery = z
  .strictObject({
    from: z.coerce.number().int().min(0).default(0),
    limit: z.coerce.number().int().min(1).max(LIMITS.maxCurveRounds).default(LIMITS.maxCurveRounds),
    /** Name of a metric of the sites' evaluations; the first one without it. */
    metric: z
      .string()
      .regex(/^[a-z][A-Za-z0-9]{0,63}$/)
      .optional(),
  })
  .meta({ id: 'CurvesQuery' });
export type CurvesQuery = z.infer<typeof CurvesQuery>;

/**
 * `GET /runs/{run}/curves`: closed rounds, ascending, one column each; entry i of every column belongs to round[i].
 * Measurements are nano-units; null: not measured.
 */
export const RunCurves = z
  .strictObject({
    run: runId,
    /** What can be asked for. */
    metrics: z.array(z.string()),
    /** What `mean`, `low`, `high` and the sites hold; null when no site has reported anything. */
    metric: z.string().nullable(),
    round: z.array(roundNumber),
    openedAtMs: z.array(timeMs),
    closedAtMs: z.array(timeMs),
    /** Mean over the sites' train rows of the model that the round started from. */
    lossBefore: z.array(nano.nullable()),
    /** The same of the updates, before they were counted together. */
    lossAfter: z.array(nano.nullable()),
    /** Of all accepted updates. */
    bytes: z.array(counts),
    /** From the opening to the first accepted update. */
    firstMs: z.array(counts.nullable()),
    /** From the opening to the last accepted update. */
    lastMs: z.array(counts.nullable()),
    /** From the close to the finalised block. */
    commitMs: z.array(counts.nullable()),
    /** Over all sites, weighted by their examples. */
    mean: z.array(nano.nullable()),
    low: z.array(nano.nullable()),
    high: z.array(nano.nullable()),
    /** The first sites by number; `mean`, `low` and `high` are over all. */
    sites: z
      .array(z.strictObject({ node: nodeId, values: z.array(nano.nullable()) }))
      .max(LIMITS.maxCurveSites),
    /** Sites that reported in these rounds. */
    reporting: counts,
  })
  .meta({ id: 'RunCurves' });
export type RunCurves = z.infer<typeof RunCurves>;

/** Query of `GET /runs/{run}/grid`. */
export const GridQuery = z
  .strictObject({
    from: z.coerce.number().int().min(0).default(0),
    limit: z.coerce.number().int().min(1).max(LIMITS.maxPage).default(LIMITS.maxPage),
  })
  .meta({ id: 'GridQuery' });
export type GridQuery = z.infer<typeof GridQuery>;

/** What became of a node in a round. */
export const NodeState = z.enum([
  /** The task is offered; nothing has come back yet. */
  'offered',
  /** The update is accepted; the round is still open. */
  'accepted',
  /** The update is in the aggregate. */
  'counted',
  'declined',
  'silent',
  'late',
  /** The update broke a rule. */
  'refused',
  /** Accepted, but nothing was aggregated. */
  'unused',
  /** Asynchronous rounds: at work on something that may count later. */
  'pending',
]);
export type NodeState = z.infer<typeof NodeState>;

/** `GET /runs/{run}/grid`: node × round, open rounds too, ascending. */
export const RunGrid = z
  .strictObject({
    run: runId,
    /** Columns: the first nodes by number. */
    nodes: z.array(nodeId).max(LIMITS.maxCurveSites),
    /** Nodes of these rounds' cohorts. */
    asked: counts,
    /** `states[i]` is of `nodes[i]`; null: not in the cohort. */
    rows: z.array(z.strictObject({ round: roundNumber, states: z.array(NodeState.nullable()) })),
  })
  .meta({ id: 'RunGrid' });
export type RunGrid = z.infer<typeof RunGrid>;

/** Query of `GET /runs/{run}/rounds/{round}/members`. */
export const MembersQuery = z
  .strictObject({
    /** Number of the last node that was seen. */
    after: z.coerce.number().int().min(0).optional(),
    limit: z.coerce.number().int().min(1).max(LIMITS.maxPage).default(LIMITS.maxPage),
  })
  .meta({ id: 'MembersQuery' });
export type MembersQuery = z.infer<typeof MembersQuery>;

const MemberView = z.strictObject({
  node: nodeId,
  name: z.string(),
  organisation: z.string(),
  organisationId: organisationId.nullable(),
  state: NodeState,
  acceptedAtMs: timeMs.nullable(),
  updateBytes: counts.nullable(),
  numExamples: counts.nullable(),
  lossBefore: nano.nullable(),
  lossAfter: nano.nullable(),
  /** Number of the protocol's reason for which it is excluded. */
  exclusion: counts.nullable(),
  /** An error code, and what the node or the coordinator said. */
  code: z.string().nullable(),
  message: z.string().nullable(),
  evaluation: metrics(LIMITS.maxMetrics).nullable(),
  /** What it said last of the open round; null: nothing. A fraction of 0 is not measured. */
  progress: z
    .strictObject({
      stage: z.enum(['download', 'train', 'encode', 'upload']),
      fraction: z.number().min(0).max(1),
    })
    .nullable(),
});
export type MemberView = z.infer<typeof MemberView>;

/** `GET /runs/{run}/rounds/{round}/members`: the cohort of a round, open or closed, ascending by node. */
export const RoundMembers = z
  .strictObject({
    run: runId,
    round: roundNumber,
    isOpen: z.boolean(),
    openedAtMs: timeMs,
    deadlineMs: timeMs,
    closedAtMs: timeMs.nullable(),
    cohort: counts,
    /** Fields of the header that a round's own view does not have; null while the round is open. */
    header: z
      .strictObject({
        mode: counts,
        prev: hash,
        task: hash,
        atBlock: counts,
        stateAfter: hash,
        contribRoot: hash,
        excludedRoot: hash,
        metrics: hash,
      })
      .nullable(),
    members: z.array(MemberView),
  })
  .meta({ id: 'RoundMembers' });
export type RoundMembers = z.infer<typeof RoundMembers>;

/** `POST /runs/estimate`: what a run would cost and who might decline, from what was measured here. */
export const EstimateRequest = z
  .strictObject({ spec: z.string().max(LIMITS.maxRunSpecBytes) })
  .meta({ id: 'EstimateRequest' });
export type EstimateRequest = z.infer<typeof EstimateRequest>;

export const EstimateView = z
  .strictObject({
    rounds: counts,
    /** Sites that a round waits for at least. */
    needed: counts,
    parameters: counts,
    /** One update of one site, and one model. */
    updateBytes: counts,
    modelBytes: counts,
    /** Of all rounds: what one site receives and sends. */
    siteBytes: counts,
    sites: z.array(
      z.strictObject({
        node: nodeId,
        name: z.string(),
        connected: z.boolean(),
        /** Median over the last rounds here, from the offer to the accepted update; null: never measured. */
        roundMs: counts.nullable(),
        /** Its last decline of a run with this purpose and data set, unless an update was accepted since. */
        declined: z.strictObject({ run: runId, code: z.string(), message: z.string() }).nullable(),
      }),
    ),
    /** The slowest connected site's median, for every round; null: nobody was measured. */
    seconds: z.number().min(0).nullable(),
  })
  .meta({ id: 'Estimate' });
export type EstimateView = z.infer<typeof EstimateView>;
