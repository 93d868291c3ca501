import { z } from 'zod';
import { LIMITS } from '../limits.js';
import { decimal, hash, nodeId, roundNumber, runId, timeMs } from '../wire-types.js';

/** How long others may look at what the coordinator put on the chain; milliseconds of the chain's time. */
const LaunchWindows = z.strictObject({
  /** A round, and an epoch, is final after this. */
  challengeMs: z.int().min(0).max(LIMITS.maxWindowMs).default(3_600_000),
  /** After so long without a settlement anyone may settle. */
  settleMs: z.int().min(0).max(LIMITS.maxWindowMs).default(86_400_000),
  /** After so long of silence anyone may halt the run. */
  haltMs: z.int().min(0).max(LIMITS.maxWindowMs).default(86_400_000),
});

/** `POST /runs`. */
export const LaunchRequest = z
  .strictObject({
    /** Text of run.yaml. */
    spec: z.string().max(LIMITS.maxRunSpecBytes),
    /** Units that the chain holds for this run. */
    pot: decimal.default('0'),
    windows: LaunchWindows.prefault({}),
    /** The run is closed, and the rest of its pot goes back, once its last epoch is settled and final. */
    closeWhenSettled: z.boolean().default(false),
    /** Text of the file that `payout.validation` names; not needed when the coordinator has it already. */
    validation: z.string().max(LIMITS.maxRestBodyBytes).optional(),
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

/** A model and its loss on the sites' train rows, nano-units: the round that started from it measured it. */
export const BestModelView = z
  .strictObject({ round: roundNumber, model: hash, loss: z.int() })
  .meta({ id: 'BestModel' });
export type BestModelView = z.infer<typeof BestModelView>;

export const RunView = z
  .strictObject({
    run: runId,
    name: z.string(),
    purpose: z.string(),
    /** `queued`: other runs are played first. `paused`: an open round is finished, no other is opened. */
    status: z.enum(['queued', 'running', 'paused', 'completed', 'failed', 'cancelled']),
    /** Place in the queue, 1 is next; null unless it waits there. */
    queue: z.int().min(1).nullable(),
    /** Why it waits, failed, was cancelled or stopped early. */
    reason: z.string().nullable(),
    /** Id of the canonical spec. */
    spec: hash,
    rounds: z.int().min(1),
    /** Closed rounds that count. */
    closedRounds: z.int().min(0),
    /** Those of them in a finalised block. */
    committedRounds: z.int().min(0),
    /** Closed rounds that the chain voided: they count nowhere. */
    voidRounds: z.int().min(0),
    /** Number of the newest closed round that counts; null before the first. */
    lastRound: roundNumber.nullable(),
    genesisModel: hash,
    /** Model after the last closed round. */
    model: hash,
    /** The model with the smallest loss that the sites measured; null while none did, and in asynchronous rounds. */
    best: BestModelView.nullable(),
    /** Loss on the sites' train rows before each of the newest closed rounds that measured it, ascending; nano-units. */
    losses: z.array(z.int()).max(LIMITS.maxRecentLosses),
    /** Who launched it; null before there were users. */
    owner: z.string().nullable(),
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
      'round.voided',
      'epoch.settled',
      'epoch.committed',
      'epoch.voided',
      'node.evaluated',
      'run.paused',
      'run.resumed',
      'run.completed',
      'run.failed',
      'run.cancelled',
      'run.closed',
      'run.reopened',
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
    /** The first number. */
    from: z.coerce.number().int().min(0).default(0),
    /** Rounds from there on that are passed over. */
    skip: z.coerce.number().int().min(0).default(0),
    limit: z.coerce.number().int().min(1).max(LIMITS.maxPage).default(LIMITS.maxPage),
  })
  .meta({ id: 'RoundsQuery' });
export type RoundsQuery = z.infer<typeof RoundsQuery>;
