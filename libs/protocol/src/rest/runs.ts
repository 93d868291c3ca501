import { z } from 'zod';
import { LIMITS } from '../limits.js';
import { decimal, hash, nodeId, roundNumber, runId, timeMs } from '../wire-types.js';

/** `POST /runs`. */
export const LaunchRequest = z
  .strictObject({
    /** Text of run.yaml. */
    spec: z.string().max(LIMITS.maxRunSpecBytes),
    /** Units that the chain holds for this run. */
    pot: decimal.default('0'),
  })
  .meta({ id: 'LaunchRequest' });
export type LaunchRequest = z.infer<typeof LaunchRequest>;

/** What the open round is doing. */
export const RoundProgress = z
  .strictObject({
    round: roundNumber,
    phase: z.enum(['opening', 'collecting', 'aggregating', 'anchoring']),
    included: z.int().min(0),
    cohort: z.int().min(0),
    waitingFor: z.array(nodeId),
    deadlineMs: timeMs,
  })
  .meta({ id: 'RoundProgress' });
export type RoundProgress = z.infer<typeof RoundProgress>;

export const RunView = z
  .strictObject({
    run: runId,
    name: z.string(),
    purpose: z.string(),
    status: z.enum(['running', 'completed', 'failed', 'cancelled']),
    /** Why it failed or was cancelled. */
    reason: z.string().nullable(),
    /** Id of the canonical spec. */
    spec: hash,
    rounds: z.int().min(1),
    closedRounds: z.int().min(0),
    /** Rounds in a finalised block. */
    committedRounds: z.int().min(0),
    genesisModel: hash,
    /** Model after the last closed round. */
    model: hash,
    pot: decimal,
    createdAtMs: timeMs,
    endedAtMs: timeMs.nullable(),
    /** The open round; null between rounds and after the end. */
    current: RoundProgress.nullable(),
  })
  .meta({ id: 'Run' });
export type RunView = z.infer<typeof RunView>;

/** `GET /runs`. */
export const RunList = z.strictObject({ runs: z.array(RunView) }).meta({ id: 'RunList' });
export type RunList = z.infer<typeof RunList>;

/** One line of `GET /runs/{run}/events` (SSE); `id` is the Last-Event-ID. */
export const RunEvent = z
  .strictObject({
    id: z.int().min(1),
    run: runId,
    atMs: timeMs,
    type: z.enum([
      'run.started',
      'round.opened',
      'node.progress',
      'node.declined',
      'update.accepted',
      'update.refused',
      'round.closed',
      'round.committed',
      'node.evaluated',
      'run.completed',
      'run.failed',
      'run.cancelled',
    ]),
    round: roundNumber.optional(),
    node: nodeId.optional(),
    detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  })
  .meta({ id: 'RunEvent' });
export type RunEvent = z.infer<typeof RunEvent>;

/** Query of lists by round. */
export const RoundsQuery = z
  .strictObject({
    from: z.coerce.number().int().min(0).default(0),
    limit: z.coerce.number().int().min(1).max(LIMITS.maxPage).default(LIMITS.maxPage),
  })
  .meta({ id: 'RoundsQuery' });
export type RoundsQuery = z.infer<typeof RoundsQuery>;
