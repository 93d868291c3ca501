import { type Manifest, SeedStream } from '@tallystick/aggregation';
import { type Sha256, TallyError } from '@tallystick/kernel';
import { localSteps } from '@tallystick/rounds';
import * as tf from '@tensorflow/tfjs-core';
import { Batches } from '../batches.js';
import type { Engine, EvaluateJob, Evaluation, FitJob, FitResult } from '../engine.js';
import { Breather } from './breather.js';
import { meanGradient } from './mean-gradient.js';
import { measure } from './measure.js';
import { Network } from './network.js';
import { Sgd } from './sgd.js';
import { Stage } from './stage.js';
import { startBackend } from './start-backend.js';

/**
 * The default engine: tfjs-core on its WebAssembly SIMD backend. Everything that rounds runs in wasm or is a sum in
 * binary64 in a fixed order, so the same job gives the same bits in any process, on any machine that passes
 * `startBackend`. The wasm heap only grows; run long-lived training in a process that can be replaced.
 */
export class TfjsWasmEngine implements Engine {
  readonly id = 'tfjs-wasm';
  readonly reproducible = true;
  readonly #sha256: Sha256;

  private constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  /** Loads the backend (10–300 ms); throws ENGINE_UNAVAILABLE. */
  static async start(sha256: Sha256): Promise<TfjsWasmEngine> {
    await startBackend();
    return new TfjsWasmEngine(sha256);
  }

  async fit(job: FitJob, signal?: AbortSignal): Promise<FitResult> {
    const { examples, local, manifest } = job;
    const breather = new Breather(signal);
    const network = new Network(job.model);
    const drift = job.drift === undefined ? [] : upload(manifest, job.drift);
    const sgd = new Sgd(network, { weights: upload(manifest, job.weights), drift }, local);
    try {
      const lossBefore = (await measure(network, sgd.weights, examples, breather)).loss;
      const batches = new Batches(
        examples.rows,
        local.batchSize,
        new SeedStream(this.#sha256, job.seed),
      );
      const stage = new Stage(examples, local.batchSize);
      for (let step = localSteps(local, examples.rows); step > 0; step--) {
        sgd.step(stage.fill(batches.next()));
        await breather.breathe();
      }
      const weights = download(manifest, sgd.weights);
      const lossAfter = (await measure(network, sgd.weights, examples, breather)).loss;
      return { weights, lossBefore, lossAfter };
    } finally {
      sgd.close();
    }
  }

  async evaluate(job: EvaluateJob, signal?: AbortSignal): Promise<Evaluation> {
    const weights = upload(job.manifest, job.weights);
    try {
      return await measure(new Network(job.model), weights, job.examples, new Breather(signal));
    } finally {
      tf.dispose(weights);
    }
  }

  async gradient(job: EvaluateJob, signal?: AbortSignal): Promise<Float64Array> {
    const weights = upload(job.manifest, job.weights);
    try {
      return await meanGradient(new Network(job.model), weights, {
        ...{ examples: job.examples, manifest: job.manifest, breather: new Breather(signal) },
      });
    } finally {
      tf.dispose(weights);
    }
  }

  async close(): Promise<void> {
    // The backend is tfjs-core's own and shared by every engine of this process; its memory goes with the process.
  }
}

function upload(manifest: Manifest, flat: Float32Array): tf.Tensor[] {
  return manifest.tensors.map(({ shape, size, offset }) =>
    tf.tensor(flat.subarray(offset, offset + size), [...shape], 'float32'),
  );
}

/** A fresh flat copy; throws ENGINE_DIVERGED naming the first tensor that is not finite. */
function download(manifest: Manifest, tensors: readonly tf.Tensor[]): Float32Array {
  const flat = new Float32Array(manifest.d);
  for (const [i, { name, offset }] of manifest.tensors.entries()) {
    const values = tensors[i].dataSync<'float32'>();
    if (!values.every(Number.isFinite)) throw new TallyError('ENGINE_DIVERGED', { tensor: name });
    flat.set(values, offset);
  }
  return flat;
}
