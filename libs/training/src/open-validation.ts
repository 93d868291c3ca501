import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Manifest } from '@tallystick/aggregation';
import { isTallyError, TallyError } from '@tallystick/kernel';
import type { Validation } from '@tallystick/payout';
import type { DataSpec, ModelSpec } from '@tallystick/protocol';
import type { GradientTrainer } from './trainer.js';

/** The public validation set of a run (`payout.validation`), and the model that is measured on it. */
export interface ValidationSet {
  /** A CSV with the columns of `data`: its train rows give the statistics, its test rows are measured. */
  readonly path: string;
  /** What the run spec says its SHA-256 is. */
  readonly sha256: string;
  readonly data: DataSpec;
  readonly model: ModelSpec;
  readonly manifest: Manifest;
}

/**
 * The loss on a run's validation set, and its gradient. Reads the file once to compare its hash with the spec's:
 * DATA_VALIDATION_MISMATCH. The same weights give the same bits on one engine. An abort of the signal rejects what runs.
 */
export async function openValidation(
  trainer: GradientTrainer,
  { path, sha256, ...set }: ValidationSet,
  signal?: AbortSignal,
): Promise<Validation> {
  const found = await hashOf(path, signal);
  if (found !== sha256) {
    throw new TallyError('DATA_VALIDATION_MISMATCH', { file: path, want: sha256, found });
  }
  const request = (weights: Float32Array) => ({
    ...{ ...set, weights, datasetPath: path, set: 'test' as const },
    ...(signal === undefined ? {} : { signal }),
  });
  return {
    gradientAt: (weights) => trainer.gradient(request(weights)),
    async lossAt(weights) {
      try {
        return (await trainer.evaluate(request(weights))).loss;
      } catch (error) {
        if (isTallyError(error, 'ENGINE_DIVERGED')) return Infinity;
        throw error;
      }
    },
  };
}

async function hashOf(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path, { signal }), hash);
  } catch (error) {
    signal?.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('DATA_FILE_UNREADABLE', { file: path, reason }, error);
  }
  return hash.digest('hex');
}
