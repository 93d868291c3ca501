import type { Manifest } from '@tallystick/aggregation';
import type { Hash } from '@tallystick/kernel';
import type { LocalSpec, ModelSpec } from '@tallystick/protocol';
import type { Examples } from './data/dataset.js';

/** A model with its weights: flat float32 in manifest order. The buffer stays the caller's and is only read. */
export interface WeightedModel {
  readonly model: ModelSpec;
  readonly manifest: Manifest;
  readonly weights: Float32Array;
}

/** One local training. */
export interface FitJob extends WeightedModel {
  readonly examples: Examples;
  readonly local: LocalSpec;
  /** Added to every gradient; d float32, only read. */
  readonly drift?: Float32Array;
  /** Drives everything that is random (protocol.md §2). */
  readonly seed: Hash;
}

/** What local training gives. */
export interface FitResult {
  /** A fresh buffer in manifest order; every value is finite. */
  readonly weights: Float32Array;
  /** Mean loss over all examples, with the weights before and after. */
  readonly lossBefore: number;
  readonly lossAfter: number;
}

/** One measurement. */
export interface EvaluateJob extends WeightedModel {
  readonly examples: Examples;
}

/** How a model does on some examples. */
export interface Evaluation {
  readonly numExamples: number;
  /** Mean loss over the examples. */
  readonly loss: number;
  /** Share of examples put in the right class; absent when the loss does not classify (meanSquaredError). */
  readonly accuracy?: number;
}

/**
 * Something that trains a declared model. An engine computes: it reads no file, knows no round and keeps no weights
 * between calls. One job at a time. Throws ENGINE_DIVERGED when a result is not finite; an abort rejects with the
 * signal's reason.
 */
export interface Engine {
  readonly id: string;
  /** True iff the same job gives the same bits on every machine, so that an owner can re-execute a round (V12). */
  readonly reproducible: boolean;
  fit(job: FitJob, signal?: AbortSignal): Promise<FitResult>;
  evaluate(job: EvaluateJob, signal?: AbortSignal): Promise<Evaluation>;
  /** Gradient of the mean loss over the examples: d binary64 in manifest order, fresh; not finite where it overflows. */
  gradient(job: EvaluateJob, signal?: AbortSignal): Promise<Float64Array>;
  close(): Promise<void>;
}
