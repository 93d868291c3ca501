import { createServer, type IncomingMessage, type Server } from 'node:http';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { twoSiteRun } from '../testing/two-site-run.js';
import { exportMlflow } from './export-mlflow.js';
import { seriesOf } from './series-of.js';

interface Call {
  readonly path: string;
  readonly body: Record<string, unknown>;
}

/** Speaks what MLflow documents of its REST API 2.0: experiments, runs, log-batch with its limits. */
class FakeMlflow {
  readonly calls: Call[] = [];
  readonly #server: Server;
  #experiment: string | undefined;
  #runs = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      void textOf(request).then((text) => {
        const { status, value } = this.#answer(
          request.url ?? '',
          text === '' ? {} : JSON.parse(text),
        );
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(value));
      });
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : '';
  }

  close(): void {
    this.#server.close();
  }

  #answer(url: string, body: Record<string, unknown>): { status: number; value: object } {
    const path = url.replace('/api/2.0/mlflow/', '').split('?')[0] ?? '';
    this.calls.push({ path, body });
    switch (path) {
      case 'experiments/get-by-name':
        return this.#experiment === undefined
          ? refusal(404, 'RESOURCE_DOES_NOT_EXIST', 'Could not find experiment')
          : { status: 200, value: { experiment: { experiment_id: this.#experiment } } };
      case 'experiments/create':
        this.#experiment = '17';
        return { status: 200, value: { experiment_id: this.#experiment } };
      case 'runs/create':
        return { status: 200, value: { run: { info: { run_id: `run-${this.#runs++}` } } } };
      case 'runs/log-batch':
        return sizeOf(body['metrics']) > 1000 || sizeOf(body['params']) > 100
          ? refusal(400, 'INVALID_PARAMETER_VALUE', 'too many in one batch')
          : { status: 200, value: {} };
      case 'runs/update':
        return { status: 200, value: {} };
      default:
        return refusal(404, 'ENDPOINT_NOT_FOUND', path);
    }
  }
}

describe('exportMlflow', () => {
  const { signal } = new AbortController();
  let server: FakeMlflow;
  let url: string;

  beforeEach(async () => {
    server = new FakeMlflow();
    url = await server.listen();
  });
  afterEach(() => server.close());

  it('writes a pooled run and one child per site, with every value of every round', async () => {
    const history = twoSiteRun();
    const series = seriesOf(history);
    const written = await exportMlflow(history, series, { target: { url }, signal });
    expect(written.map((run) => run.series)).toEqual(['pooled', 'alpha', 'beta']);
    const logged = server.calls
      .filter(({ path }) => path === 'runs/log-batch')
      .flatMap(({ body }) => (Array.isArray(body['metrics']) ? body['metrics'] : []));
    expect(logged).toHaveLength(series.flatMap(({ points }) => points).length);
    expect(logged).toContainEqual({
      key: 'test/accuracy',
      value: 0.625,
      step: 2,
      timestamp: 1_700_000_006_000,
    });
    const created = server.calls.filter(({ path }) => path === 'runs/create');
    expect(created[1]?.body['tags']).toContainEqual({ key: 'mlflow.parentRunId', value: 'run-0' });
    expect(server.calls.at(-1)?.body).toMatchObject({ status: 'FINISHED' });
  });

  it('keeps within the batch sizes that MLflow takes, and uses an experiment that is there', async () => {
    const [round] = twoSiteRun().rounds;
    const rounds = Array.from({ length: 700 }, (_, i) => ({ ...round!, round: i }));
    const history = twoSiteRun(0, { rounds });
    const options = { target: { url }, signal };
    await exportMlflow(history, seriesOf(history), options);
    await exportMlflow(history, seriesOf(history), options);
    expect(server.calls.filter(({ path }) => path === 'experiments/create')).toHaveLength(1);
  });

  it('names what the server answered', async () => {
    const wrong = { target: { url: `${url}/elsewhere` }, signal };
    const history = twoSiteRun();
    await expect(exportMlflow(history, seriesOf(history), wrong)).rejects.toMatchObject({
      code: 'NET_UNREACHABLE',
    });
  });
});

function refusal(status: number, code: string, message: string): { status: number; value: object } {
  return { status, value: { error_code: code, message } };
}

const sizeOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0);

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of request) text += String(piece);
  return text;
}
