import { TallyError } from '@tallystick/kernel';
import type { RunHistory } from './run-history.js';
import { flatSpec } from './flat-spec.js';
import { type Point, POOLED, type Series } from './series-of.js';

/** What MLflow's REST API 2.0 takes in one `runs/log-batch`. */
const MAX_BATCH_METRICS = 1000;
const MAX_BATCH_PARAMS = 100;
/** Longest value of a parameter; what is longer is cut. */
const MAX_PARAM_CHARS = 500;
const TIMEOUT_MS = 30_000;

export interface MlflowTarget {
  /** Base address of the tracking server. */
  readonly url: string;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** One MLflow run that was written. */
export interface MlflowRun {
  readonly series: string;
  readonly runId: string;
}

/**
 * Writes one MLflow run per series into an experiment named after the run spec; the sites' runs are children of the
 * pooled one. Rejects with NET_UNREACHABLE naming what the server answered.
 */
export async function exportMlflow(
  history: RunHistory,
  series: readonly Series[],
  options: { readonly target: MlflowTarget; readonly signal: AbortSignal },
): Promise<readonly MlflowRun[]> {
  const server = new MlflowServer(options.target, options.signal);
  const experiment = await server.experiment(`tallystick/${history.view.name}`);
  const written: MlflowRun[] = [];
  for (const one of series) {
    const parent = written.find((run) => run.series === POOLED)?.runId;
    const runId = await server.createRun(experiment, runOf(history, one, parent));
    if (one.name === POOLED) await server.logParams(runId, paramsOf(history));
    await server.logMetrics(runId, one.points);
    await server.endRun(runId, history.view);
    written.push({ series: one.name, runId });
  }
  return written;
}

type Tag = { readonly key: string; readonly value: string };

function runOf({ view }: RunHistory, { name }: Series, parent: string | undefined): object {
  const tags: Tag[] = [
    { key: 'tallystick.run', value: String(view.run) },
    { key: 'tallystick.spec', value: view.spec },
    { key: 'tallystick.model', value: view.model },
    { key: 'tallystick.series', value: name },
    ...(parent === undefined ? [] : [{ key: 'mlflow.parentRunId', value: parent }]),
  ];
  return { run_name: `run ${view.run} ${name}`, start_time: view.createdAtMs, tags };
}

function paramsOf({ spec }: RunHistory): readonly Tag[] {
  return flatSpec(spec).map(([key, value]) => ({ key, value: value.slice(0, MAX_PARAM_CHARS) }));
}

/** A tracking server, as far as an export needs it. */
class MlflowServer {
  readonly #base: string;
  readonly #fetch: NonNullable<MlflowTarget['fetch']>;
  readonly #signal: AbortSignal;

  constructor(target: MlflowTarget, signal: AbortSignal) {
    this.#base = `${target.url.replace(/\/+$/, '')}/api/2.0/mlflow`;
    this.#fetch = target.fetch ?? ((url, init) => fetch(url, init));
    this.#signal = signal;
  }

  /** Id of the experiment of this name, made when it is not there. */
  async experiment(name: string): Promise<string> {
    const path = `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
    const found = await this.#ask('GET', path, undefined);
    if (found.status === 404) {
      const made = await this.#call('experiments/create', { name });
      return this.#text(made, 'experiment_id');
    }
    return this.#text(field(this.#good(found, path), 'experiment'), 'experiment_id');
  }

  async createRun(experiment: string, run: object): Promise<string> {
    const made = await this.#call('runs/create', { experiment_id: experiment, ...run });
    return this.#text(field(field(made, 'run'), 'info'), 'run_id');
  }

  async logParams(runId: string, params: readonly Tag[]): Promise<void> {
    for (const part of parts(params, MAX_BATCH_PARAMS)) {
      await this.#call('runs/log-batch', { run_id: runId, params: part });
    }
  }

  async logMetrics(runId: string, points: readonly Point[]): Promise<void> {
    const metrics = points.map(({ tag, value, atMs, round }) => ({
      key: tag,
      value,
      timestamp: atMs,
      step: round,
    }));
    for (const part of parts(metrics, MAX_BATCH_METRICS)) {
      await this.#call('runs/log-batch', { run_id: runId, metrics: part });
    }
  }

  async endRun(runId: string, view: RunHistory['view']): Promise<void> {
    if (view.endedAtMs === null) return;
    const status = { failed: 'FAILED', cancelled: 'KILLED' }[String(view.status)] ?? 'FINISHED';
    await this.#call('runs/update', { run_id: runId, status, end_time: view.endedAtMs });
  }

  async #call(path: string, body: object): Promise<unknown> {
    return this.#good(await this.#ask('POST', path, body), path);
  }

  async #ask(method: string, path: string, body: object | undefined): Promise<Answer> {
    const url = `${this.#base}/${path}`;
    try {
      const response = await this.#fetch(url, {
        method,
        redirect: 'error',
        signal: AbortSignal.any([this.#signal, AbortSignal.timeout(TIMEOUT_MS)]),
        ...(body === undefined
          ? {}
          : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
      return { status: response.status, value: jsonOf(await response.text()) };
    } catch (error) {
      this.#signal.throwIfAborted();
      const { cause } = error instanceof Error ? error : { cause: undefined };
      const reason = cause instanceof Error ? cause.message : String(error);
      throw new TallyError('NET_UNREACHABLE', { url, reason }, error);
    }
  }

  #good({ status, value }: Answer, path: string): unknown {
    if (status === 200) return value;
    const told = field(value, 'message');
    const words = typeof told === 'string' ? `: ${told.slice(0, 200)}` : '';
    const reason = `MLflow answered HTTP ${status}${words}`;
    throw new TallyError('NET_UNREACHABLE', { url: `${this.#base}/${path}`, reason });
  }

  #text(value: unknown, name: string): string {
    const found = field(value, name);
    if (typeof found === 'string') return found;
    throw new TallyError('NET_UNREACHABLE', {
      url: this.#base,
      reason: `no ${name} in the answer`,
    });
  }
}

interface Answer {
  readonly status: number;
  readonly value: unknown;
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parts<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  const count = Math.ceil(all.length / size);
  return Array.from({ length: count }, (_, i) => all.slice(i * size, (i + 1) * size));
}
