import { decodeModel, DENSE_I32, encodeUpdate } from '@tallystick/aggregation';
import type { NodeId, Sha256 } from '@tallystick/kernel';
import type { RunSpec } from '@tallystick/protocol';
import { LOSS_NOT_MEASURED, type Task } from '@tallystick/record';
import { localSeed } from '@tallystick/rounds';
import type { Trainer } from '@tallystick/training';

/** One round of local work. */
export interface UpdateJob {
  readonly task: Task;
  readonly spec: RunSpec;
  readonly node: NodeId;
  readonly datasetPath: string;
  /** The model file that the task names. */
  readonly model: Uint8Array;
}

/** What local work gives: the update file and what its receipt says about it. */
export interface MadeUpdate {
  readonly bytes: Uint8Array;
  readonly numExamples: bigint;
  /** Nano-units. */
  readonly lossBefore: bigint;
  readonly lossAfter: bigint;
}

const I64_MAX = 2n ** 63n - 1n;

/** `value` in nano-units as i64, saturated; i64::MIN means not measured, so the lowest loss is one above it. */
export function nanoUnits(value: number): bigint {
  if (Number.isNaN(value)) return LOSS_NOT_MEASURED;
  const nano = value * 1e9;
  if (nano >= Number(I64_MAX)) return I64_MAX;
  if (nano <= -Number(I64_MAX)) return -I64_MAX;
  return BigInt(Math.round(nano));
}

/**
 * Trains from the task's model with the round's seed and encodes the difference (protocol.md §1.2–1.3 and §2). The
 * same job gives the same bytes. Rejects with DATA_*, MODEL_*, ENGINE_* or UPDATE_OUT_OF_RANGE.
 */
export async function trainUpdate(
  job: UpdateJob,
  deps: { readonly trainer: Trainer; readonly sha256: Sha256 },
  signal: AbortSignal,
): Promise<MadeUpdate> {
  const { task, spec, node, datasetPath } = job;
  const { manifest, weights } = decodeModel(deps.sha256, job.model);
  const seed = localSeed(deps.sha256, task.spec, task.round, node);
  const trained = await deps.trainer.train({
    manifest,
    weights,
    data: spec.data,
    model: spec.model,
    local: spec.local,
    datasetPath,
    seed,
    round: task.round,
    signal,
  });
  return {
    bytes: encodeUpdate({
      sha256: deps.sha256,
      ...{ manifest, before: weights, after: trained.weights },
      ...{ form: DENSE_I32, seed },
    }).file,
    numExamples: BigInt(trained.numExamples),
    lossBefore: nanoUnits(trained.lossBefore),
    lossAfter: nanoUnits(trained.lossAfter),
  };
}
