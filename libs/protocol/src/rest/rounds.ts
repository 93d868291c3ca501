import { DECLINE, HEADER, PROMISE, RECEIPT, TASK } from '@tallystick/record';
import { z } from 'zod';
import { LIMITS } from '../limits.js';
import {
  decimal,
  hash,
  hexBytes,
  metrics,
  nodeId,
  roundNumber,
  runId,
  signed,
  timeMs,
} from '../wire-types.js';

const counts = z.int().min(0);

/** What one site measured on its own test rows; unsigned. */
export const EvaluationView = z
  .strictObject({
    node: nodeId,
    numExamples: counts,
    /** Nano-units. */
    metrics: metrics(LIMITS.maxMetrics),
  })
  .meta({ id: 'Evaluation' });
export type EvaluationView = z.infer<typeof EvaluationView>;

/** Where the chain holds a round. */
export const CommitView = z
  .strictObject({ block: counts, blockHash: hash, extrinsic: hash })
  .meta({ id: 'Commit' });
export type CommitView = z.infer<typeof CommitView>;

/** A closed round. */
export const RoundView = z
  .strictObject({
    run: runId,
    round: roundNumber,
    status: z.enum(['anchoring', 'committed', 'void']),
    header: hash,
    modelBefore: hash,
    modelAfter: hash,
    cohort: counts,
    included: counts,
    excluded: counts,
    sumWeight: decimal,
    /** Nano-units. */
    metrics: metrics(LIMITS.maxMetrics),
    closedAtMs: timeMs,
    /** Why nothing was aggregated; null for a round with contributions. */
    emptyReason: z.string().nullable(),
    /** Null until it is in a finalised block. */
    commit: CommitView.nullable(),
    evaluations: z.array(EvaluationView),
  })
  .meta({ id: 'Round' });
export type RoundView = z.infer<typeof RoundView>;

/** `GET /runs/{run}/rounds`. */
export const RoundList = z.strictObject({ rounds: z.array(RoundView) }).meta({ id: 'RoundList' });
export type RoundList = z.infer<typeof RoundList>;

/** `GET /runs/{run}/headers`: signed headers, ascending. */
export const HeaderList = z
  .strictObject({ headers: z.array(signed(HEADER)).max(LIMITS.maxPageHeaders) })
  .meta({ id: 'HeaderList' });
export type HeaderList = z.infer<typeof HeaderList>;

/** Round numbers that do not count: `from` and all up to, but not including, `until`. */
export const VoidView = z
  .strictObject({ from: roundNumber, until: roundNumber })
  .meta({ id: 'VoidSpan' });

/** `GET /runs/{run}/voids`: what the chain has voided of the run, ascending. */
export const VoidList = z
  .strictObject({ voids: z.array(VoidView).max(LIMITS.maxVoidSpans) })
  .meta({ id: 'VoidList' });
export type VoidList = z.infer<typeof VoidList>;

/** `GET /runs/{run}/rounds/{round}/evidence`: the files of protocol.md §9, as hex. */
export const RoundEvidence = z
  .strictObject({
    run: runId,
    round: roundNumber,
    task: signed(TASK),
    /** Member records, ascending by node. */
    cohort: hexBytes,
    header: signed(HEADER),
    /** Contrib records, ascending by node. */
    leaves: hexBytes,
    /** Exclude records, ascending by node. */
    excluded: hexBytes,
    /** In the order of the leaves. */
    receipts: z.array(signed(RECEIPT)),
    declines: z.array(signed(DECLINE)),
    promises: z.array(signed(PROMISE)),
    /** Canonical JSON behind `header.metrics`. */
    metrics: z.string(),
  })
  .meta({ id: 'RoundEvidence' });
export type RoundEvidence = z.infer<typeof RoundEvidence>;
