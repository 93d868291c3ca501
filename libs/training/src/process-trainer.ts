import { isTallyError, TallyError } from '@tallystick/kernel';
import type { Evaluation } from './engine.js';
import type { Answer, Question } from './messages.js';
import { SerialQueue } from './serial-queue.js';
import type { EvaluateRequest, GradientTrainer, TrainRequest, TrainResult } from './trainer.js';
import { TrainingProcess } from './training-process.js';

export interface ProcessTrainerOptions {
  /** Longest that one request may take (default 1 hour); a round's own deadline comes as the request's signal. */
  readonly timeoutMs?: number;
  /** Longest that a fresh process may take until its engine is ready (default 60 s). */
  readonly startTimeoutMs?: number;
  /** Limit of the process's JavaScript heap (default 2,048 MiB). */
  readonly maxHeapMb?: number;
  /** A process that grew beyond this is replaced before the next request (default 1.5 GiB): wasm memory only grows. */
  readonly maxRssBytes?: number;
  /** Hears of a process that ended in the middle of a request, which a fresh one then begins again. */
  readonly onCrash?: (crash: TallyError) => void;
  /** The program that is forked; only tests replace it. */
  readonly entry?: URL;
}

/** Times that a request is begun again after its process ended: the same request gives the same bits. */
const MAX_RESTARTS = 2;

const DEFAULTS = {
  timeoutMs: 3_600_000,
  startTimeoutMs: 60_000,
  maxHeapMb: 2048,
  maxRssBytes: 1.5 * 2 ** 30,
  onCrash: (): void => undefined,
  // Right from src/ (tests) and from dist/ alike; the program itself always runs from dist/.
  entry: new URL('../dist/training-main.js', import.meta.url),
};

/**
 * Trains in a child process: a crash, an abort or memory that does not come back costs that process and never the
 * node. The process stays warm between requests, is started again when it is needed, and begins a request again that
 * it ended in: twice, then ENGINE_CRASHED.
 */
export class ProcessTrainer implements GradientTrainer {
  readonly #options: Required<ProcessTrainerOptions>;
  readonly #queue = new SerialQueue();
  #process: TrainingProcess | undefined;
  #closed = false;

  constructor(options: ProcessTrainerOptions = {}) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Process id of the warm process; undefined when there is none. */
  get pid(): number | undefined {
    return this.#process?.alive === true ? this.#process.pid : undefined;
  }

  /** Starts the process ahead of the first request, so that a round's deadline does not pay for it. */
  start(signal?: AbortSignal): Promise<void> {
    return this.#queue.run(signal, async () => {
      await this.#warm(signal);
    });
  }

  async train({ signal, ...request }: TrainRequest): Promise<TrainResult> {
    const answer = await this.#ask({ kind: 'train', ...request }, signal);
    if (answer.kind === 'trained') return answer.result;
    throw unexpected(answer);
  }

  async evaluate({ signal, ...request }: EvaluateRequest): Promise<Evaluation> {
    const answer = await this.#ask({ kind: 'evaluate', ...request }, signal);
    if (answer.kind === 'evaluated') return answer.result;
    throw unexpected(answer);
  }

  async gradient({ signal, ...request }: EvaluateRequest): Promise<Float64Array> {
    const answer = await this.#ask({ kind: 'gradient', ...request }, signal);
    if (answer.kind === 'differentiated') return answer.result;
    throw unexpected(answer);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#process?.kill(closed());
    this.#process = undefined;
  }

  #ask(question: Question, signal: AbortSignal | undefined): Promise<Answer> {
    return this.#queue.run(signal, async () => {
      for (let restarts = 0; ; restarts++) {
        try {
          return await this.#askOnce(question, signal);
        } catch (error) {
          const isOver = restarts === MAX_RESTARTS || this.#closed || signal?.aborted === true;
          if (isOver || !isTallyError(error, 'ENGINE_CRASHED')) throw error;
          this.#options.onCrash(error);
        }
      }
    });
  }

  async #askOnce(question: Question, signal: AbortSignal | undefined): Promise<Answer> {
    const { timeoutMs, maxRssBytes } = this.#options;
    const process = await this.#warm(signal);
    const late = (): TallyError => new TallyError('ENGINE_TIMEOUT', { timeoutMs });
    const answer = await process.ask(question, { timeoutMs, late, signal });
    if ('rssBytes' in answer && answer.rssBytes > maxRssBytes) await process.kill(closed());
    return answer;
  }

  async #warm(signal: AbortSignal | undefined): Promise<TrainingProcess> {
    if (this.#closed) throw closed();
    if (this.#process?.alive === true) return this.#process;
    const { startTimeoutMs, entry, maxHeapMb } = this.#options;
    const process = new TrainingProcess({ entry, maxHeapMb });
    this.#process = process;
    const late = (): TallyError => unavailable(`it was not ready within ${startTimeoutMs} ms`);
    try {
      await process.ready({ timeoutMs: startTimeoutMs, late, signal });
    } catch (error) {
      await process.kill(closed());
      throw error;
    }
    return process;
  }
}

function unavailable(reason: string): TallyError {
  return new TallyError('ENGINE_UNAVAILABLE', { engine: 'tfjs-wasm', reason });
}

function closed(): TallyError {
  return unavailable('it was closed');
}

function unexpected(answer: Answer): TallyError {
  return new TallyError('INTERNAL', { reason: `the training process answered ${answer.kind}` });
}
