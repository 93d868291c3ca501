import type { Manifest } from '@tallystick/aggregation';
import type { Hash } from '@tallystick/kernel';
import type { DataSpec, LocalSpec, ModelSpec } from '@tallystick/protocol';
import type { Evaluation, FitResult } from './engine.js';

/** What both requests name: the model, its weights and how to read the data. */
interface ModelRequest {
  readonly manifest: Manifest;
  /** Flat float32 in manifest order; only read. */
  readonly weights: Float32Array;
  readonly data: DataSpec;
  readonly model: ModelSpec;
  readonly signal?: AbortSignal;
}

/** One local training. */
export interface TrainRequest extends ModelRequest {
  /** A site's CSV. Several are pooled: each is standardised by its own statistics, rows follow in this order. */
  readonly datasetPath: string | readonly string[];
  readonly local: LocalSpec;
  /** Added to every gradient: SCAFFOLD's c − c_i (arXiv 1910.06378). Flat float32 in manifest order; only read. */
  readonly drift?: Float32Array;
  readonly seed: Hash;
  /** For the title of the training process. */
  readonly round?: number;
}

export interface TrainResult extends FitResult {
  /** Train rows. */
  readonly numExamples: number;
}

/** One measurement on a site's own rows. */
export interface EvaluateRequest extends ModelRequest {
  readonly datasetPath: string;
  readonly set: 'train' | 'test';
}

/**
 * Trains a run's model on a site's file. Requests run one after another; at most MAX_WAITING wait. Rejects with
 * DATA_*, MODEL_*, ENGINE_* or the reason of the request's signal. Every implementation gives the same bits.
 */
export interface Trainer {
  train(request: TrainRequest): Promise<TrainResult>;
  evaluate(request: EvaluateRequest): Promise<Evaluation>;
  /** Ends what runs and frees memory; harmless when called twice. */
  close(): Promise<void>;
}

/** A Trainer that also differentiates: what contributions are scored with. */
export interface GradientTrainer extends Trainer {
  /** Gradient of the mean loss over one set: d binary64 in manifest order, fresh; not finite where it overflows. */
  gradient(request: EvaluateRequest): Promise<Float64Array>;
}
