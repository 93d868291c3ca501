import type { Manifest } from '@tallystick/aggregation';
import { fromHex, type Hash, utf8 } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { DataSpec, LocalSpec, ModelSpec } from '@tallystick/protocol';
import type { Trainer, TrainResult } from './trainer.js';

/** What a run is compared with: its own spec and genesis weights, trained without federation. */
export interface BaselineJob {
  readonly manifest: Manifest;
  /** Genesis weights of the run; only read. */
  readonly weights: Float32Array;
  readonly data: DataSpec;
  readonly model: ModelSpec;
  readonly local: LocalSpec;
  readonly rounds: number;
  readonly seed: Hash;
  readonly signal?: AbortSignal;
}

/** Seed of a baseline: H("tally/baseline/v1" ‖ spec H ‖ name), name being the site's, or `pooled`. */
export function baselineSeed(specHash: Hash, name: string): Hash {
  return sha256(utf8('tally/baseline/v1'), fromHex(specHash), utf8(name));
}

/** A site alone: its own train rows, the optimizer of the run and as many steps as the site takes in all rounds. */
export function trainLocalOnly(
  trainer: Trainer,
  job: BaselineJob & { readonly datasetPath: string },
): Promise<TrainResult> {
  return trainer.train({ ...job, local: stretch(job.local, job.rounds, 1) });
}

/**
 * All train rows in one place, each site's standardised by that site's own statistics (as in the federation, where
 * no statistic is shared). It sees as many examples as the federation does: the steps of all sites together, or as
 * many epochs.
 */
export function trainPooled(
  trainer: Trainer,
  job: BaselineJob & { readonly datasetPaths: readonly string[] },
): Promise<TrainResult> {
  const { datasetPaths, ...rest } = job;
  const local = stretch(job.local, job.rounds, datasetPaths.length);
  return trainer.train({ ...rest, datasetPath: datasetPaths, local });
}

/** Accuracy of trainLocalOnly's model on the site's own test rows; undefined when the loss does not classify. */
export async function localAccuracy(
  trainer: Trainer,
  job: BaselineJob & { readonly datasetPath: string },
): Promise<number | undefined> {
  const { weights } = await trainLocalOnly(trainer, job);
  return (await trainer.evaluate({ ...job, weights, set: 'test' })).accuracy;
}

/** Unweighted mean over the sites' test sets of trainPooled's accuracy (protocol.md §3). */
export async function pooledAccuracy(
  trainer: Trainer,
  job: BaselineJob & { readonly datasetPaths: readonly string[] },
): Promise<number | undefined> {
  const { weights } = await trainPooled(trainer, job);
  let sum = 0;
  for (const datasetPath of job.datasetPaths) {
    const { accuracy } = await trainer.evaluate({ ...job, weights, datasetPath, set: 'test' });
    if (accuracy === undefined) return undefined;
    sum += accuracy;
  }
  return sum / job.datasetPaths.length;
}

/** Local training of a whole run in one go. The proximal term has nothing to hold on to and is left out. */
function stretch(local: LocalSpec, rounds: number, sites: number): LocalSpec {
  const { steps, epochs } = local;
  return {
    ...local,
    proximalMu: 0,
    ...(steps === undefined ? {} : { steps: steps * rounds * sites }),
    ...(epochs === undefined ? {} : { epochs: epochs * rounds }),
  };
}
