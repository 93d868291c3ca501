import {
  type Controls,
  driftOf,
  encodeUpdate,
  type Model,
  nextControl,
  updateManifestOf,
} from '@tallystick/aggregation';
import type { Hash, NodeId, Sha256 } from '@tallystick/kernel';
import type { RunSpec } from '@tallystick/protocol';
import { LOSS_NOT_MEASURED, type Task } from '@tallystick/record';
import { countedSteps, localSeed, localSteps, updateFormOf } from '@tallystick/rounds';
import type { Trainer, TrainResult } from '@tallystick/training';
import { encodeSiteState, type SiteState } from '../state/site-state.js';

/** One round of local work. */
export interface UpdateJob {
  readonly task: Pick<Task, 'spec' | 'round'>;
  readonly spec: RunSpec;
  readonly node: NodeId;
  readonly datasetPath: string;
  /** The model that the task names. */
  readonly model: Model;
  /** What the site carries into this round; undefined when this run carries nothing. */
  readonly state: SiteState | undefined;
  /** SCAFFOLD's c, of the state that the task names; undefined for other strategies. */
  readonly control: Float64Array | undefined;
}

/** What local work gives: the update file and what its receipt says about it. */
export interface MadeUpdate {
  readonly bytes: Uint8Array;
  /** File of what the site carries into the next round; undefined when this run carries nothing. */
  readonly state: Uint8Array | undefined;
  readonly numExamples: bigint;
  /** Euclidean length of the change of the model, in the model's units. */
  readonly norm: number;
  /** Nano-units. */
  readonly lossBefore: bigint;
  readonly lossAfter: bigint;
}

/** What `trainUpdate` needs. */
export interface UpdateDeps {
  readonly trainer: Trainer;
  readonly sha256: Sha256;
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
  deps: UpdateDeps,
  signal: AbortSignal,
): Promise<MadeUpdate> {
  const { task, spec, node, datasetPath, model } = job;
  const { manifest, weights } = model;
  const seed = localSeed(deps.sha256, task.spec, task.round, node);
  const controls = controlsOf(job);
  const trained = await deps.trainer.train({
    manifest,
    weights,
    data: spec.data,
    model: spec.model,
    local: spec.local,
    ...(controls === undefined ? {} : { drift: driftOf(controls) }),
    datasetPath,
    seed,
    round: task.round,
    signal,
  });
  const { file, state } = encode(job, { trained, seed, sha256: deps.sha256 });
  return {
    bytes: file,
    state: state && encodeSiteState(deps.sha256, manifest, state),
    numExamples: BigInt(trained.numExamples),
    norm: distance(weights, trained.weights),
    lossBefore: nanoUnits(trained.lossBefore),
    lossAfter: nanoUnits(trained.lossAfter),
  };
}

/** In binary64, in the order of the positions. */
function distance(before: Float32Array, after: Float32Array): number {
  let sum = 0;
  for (let j = 0; j < before.length; j++) sum += ((after[j] ?? 0) - (before[j] ?? 0)) ** 2;
  return Math.sqrt(sum);
}

function controlsOf({ control: server, state: own }: UpdateJob): Controls | undefined {
  return server === undefined || own === undefined ? undefined : { server, own };
}

/** The update file of one training, in the form of the run; and what the site carries on. */
function encode(
  job: UpdateJob,
  { trained, seed, sha256 }: { trained: TrainResult; seed: Hash; sha256: Sha256 },
): { readonly file: Uint8Array; readonly state: SiteState | undefined } {
  const { spec, model } = job;
  const { manifest, weights: before } = model;
  const { weights: after, numExamples } = trained;
  const rules = { sha256, form: updateFormOf(spec), seed };
  const controls = controlsOf(job);
  if (controls === undefined) {
    const divisor = 'fedNova' in spec.strategy ? countedSteps(spec, BigInt(numExamples)) : 1;
    const change = { manifest, before, after, divisor, residual: job.state };
    const { file, residual } = encodeUpdate({ ...rules, ...change });
    return { file, state: residual };
  }
  const pace = localSteps(spec.local, numExamples) * spec.local.optimizer.sgd.learningRate;
  const state = nextControl(controls, { before, after, pace });
  const { file } = encodeUpdate({
    ...rules,
    manifest: updateManifestOf(sha256, manifest, 'scaffold'),
    before: joined(before, controls.own),
    after: joined(after, state),
  });
  return { file, state };
}

function joined(first: Float32Array, second: Float32Array): Float32Array {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
