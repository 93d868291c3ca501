import { isTallyError, TallyError } from '@tallystick/kernel';
import { linkAborts, sha256 } from '@tallystick/kernel/node';
import { featureWidth, modelTensors } from '@tallystick/rounds';
import type { Examples } from './data/dataset.js';
import { poolExamples } from './data/pool-examples.js';
import { DatasetCache } from './dataset-cache.js';
import type { Engine, Evaluation } from './engine.js';
import { SerialQueue } from './serial-queue.js';
import type { EvaluateRequest, GradientTrainer, TrainRequest, TrainResult } from './trainer.js';

/**
 * Trains in this process: for `simulate`, for tests, and inside the process that ProcessTrainer starts. It holds the
 * thread up to 25 ms at a time. The engine is loaded by the first request.
 */
export class InlineTrainer implements GradientTrainer {
  readonly #queue = new SerialQueue();
  readonly #datasets = new DatasetCache();
  readonly #closing = new AbortController();
  #engine: Promise<Engine> | undefined;

  /** Loads the engine ahead of the first request; throws ENGINE_UNAVAILABLE. */
  async start(): Promise<void> {
    await this.#started();
  }

  train(request: TrainRequest): Promise<TrainResult> {
    const { datasetPath, data, drift, manifest } = request;
    return this.#run(request, async (engine, signal) => {
      if (drift !== undefined && drift.length !== manifest.d) {
        throw new RangeError(`drift has ${drift.length} elements, the manifest ${manifest.d}`);
      }
      const paths = typeof datasetPath === 'string' ? [datasetPath] : datasetPath;
      const sets: Examples[] = [];
      for (const path of paths) sets.push((await this.#datasets.get(path, data, signal)).train);
      const examples = poolExamples(sets);
      const result = await engine.fit({ ...request, examples }, signal);
      return { ...result, numExamples: examples.rows };
    });
  }

  evaluate(request: EvaluateRequest): Promise<Evaluation> {
    return this.#run(request, async (engine, signal) => {
      const examples = await this.#examples(request, signal);
      return engine.evaluate({ ...request, examples }, signal);
    });
  }

  gradient(request: EvaluateRequest): Promise<Float64Array> {
    return this.#run(request, async (engine, signal) => {
      const examples = await this.#examples(request, signal);
      return engine.gradient({ ...request, examples }, signal);
    });
  }

  async close(): Promise<void> {
    const reason = { engine: 'tfjs-wasm', reason: 'it was closed' };
    this.#closing.abort(new TallyError('ENGINE_UNAVAILABLE', reason));
    this.#datasets.clear();
    await (await this.#engine)?.close();
  }

  async #examples(
    { datasetPath, data, set }: EvaluateRequest,
    signal: AbortSignal,
  ): Promise<Examples> {
    const examples = (await this.#datasets.get(datasetPath, data, signal))[set];
    if (examples.rows === 0) throw new TallyError('DATA_EMPTY', { file: datasetPath, set });
    return examples;
  }

  #run<T>(
    request: TrainRequest | EvaluateRequest,
    task: (engine: Engine, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const sources = request.signal === undefined ? [] : [request.signal];
    const aborts = linkAborts(this.#closing.signal, ...sources);
    const { signal } = aborts;
    const result = this.#queue.run(signal, async () => {
      checkWeights(request);
      const engine = await this.#started();
      try {
        return await task(engine, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (isTallyError(error)) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        throw new TallyError('ENGINE_CRASHED', { reason }, error);
      }
    });
    return result.finally(() => aborts.release());
  }

  /** tfjs is loaded here and nowhere else: a process that only holds a ProcessTrainer never pays for it. */
  async #started(): Promise<Engine> {
    this.#engine ??= import('./tfjs/tfjs-wasm-engine.js').then((module) =>
      module.TfjsWasmEngine.start(sha256),
    );
    try {
      return await this.#engine;
    } catch (error) {
      this.#engine = undefined;
      throw error;
    }
  }
}

/** Manifest and weights must be those of the declared model; throws MODEL_MALFORMED. */
function checkWeights({ manifest, weights, data, model }: TrainRequest | EvaluateRequest): void {
  const describe = (tensor: { readonly name: string; readonly shape: readonly number[] }): string =>
    `${tensor.name} [${tensor.shape.join(', ')}]`;
  const want = modelTensors(model, featureWidth(data)).map(describe).join(', ');
  const got = manifest.tensors.map(describe).join(', ');
  if (got !== want) {
    const reason = `it holds ${got.slice(0, 300)}; the run spec declares ${want.slice(0, 300)}`;
    throw new TallyError('MODEL_MALFORMED', { reason });
  }
  if (weights.length !== manifest.d) {
    const reason = `it has ${weights.length} parameters, its manifest ${manifest.d}`;
    throw new TallyError('MODEL_MALFORMED', { reason });
  }
}
