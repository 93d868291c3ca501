import { execFile, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { RoundList, type RoundView, RunView } from '@tallystick/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type RunningCoordinator,
  TEST_RUN,
  testHome,
  type TestHome,
} from './testing/test-deployment.js';
import { TestNode } from './testing/test-node.js';
import { startTestPostgres, type TestPostgres } from './testing/test-postgres.js';

const LIVE = fileURLToPath(new URL('../../../python/tests/live.py', import.meta.url));
const ROUTES = fileURLToPath(new URL('../../../python/src/tallystick/api.py', import.meta.url));
const TIMEOUT_MS = 50_000;
const run = promisify(execFile);
const hasPython = spawnSync('python3', ['--version']).status === 0;

/** What live.py prints. */
interface Said {
  readonly run: number;
  readonly rounds: readonly Readonly<Record<string, unknown>>[];
  readonly nodes: readonly Readonly<Record<string, unknown>>[];
  readonly model: string;
  readonly html: string;
}

describe('the package for Python against a coordinator', () => {
  let postgres: TestPostgres;
  let home: TestHome;
  let coordinator: RunningCoordinator;
  let said: Said;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await testHome(await postgres.database());
    coordinator = await home.start();
    const nodes = [new TestNode(coordinator.api), new TestNode(coordinator.api)];
    for (const [i, node] of nodes.entries()) await node.join(`site-${i}`);
    for (const node of nodes) await node.connect();
    if (hasPython) said = await play();
  });
  afterAll(async () => {
    await coordinator.stop();
    await home.remove();
    await postgres.stop();
  });

  async function play(): Promise<Said> {
    const spec = join(home.folder, 'run.yaml');
    await writeFile(spec, TEST_RUN);
    const { api, deployment } = coordinator;
    const token = (await readFile(deployment.apiTokenFile, 'utf8')).trim();
    const env = {
      ...process.env,
      TALLY_URL: api.url,
      TALLY_TOKEN: token,
      XDG_CONFIG_HOME: home.folder,
    };
    const args = [LIVE, spec, join(home.folder, 'model.safetensors')];
    const { stdout } = await run('python3', args, { env, timeout: TIMEOUT_MS });
    return JSON.parse(stdout) as Said;
  }

  const roundsOf = async (): Promise<readonly RoundView[]> =>
    RoundList.parse(await coordinator.api.get(`runs/${said.run}/rounds`)).rounds;

  it('uses no route that the OpenAPI document does not name', async () => {
    const text = await readFile(ROUTES, 'utf8');
    const routes = [...text.matchAll(/": \("(get|post)", "(\/[^"]+)"\)/g)];
    expect(routes.length).toBeGreaterThan(5);
    const response = await fetch(`${coordinator.api.url}/api/openapi.json`);
    const { paths } = (await response.json()) as { paths: Record<string, object> };
    for (const [, method = '', path = ''] of routes) {
      expect(Object.keys(paths[`/api/v1${path}`] ?? {}), path).toContain(method);
    }
  });

  if (!hasPython) {
    process.stderr.write('the package for Python did not meet a coordinator: no python3\n');
    return;
  }

  it('launches, waits, and reads the rounds as the API has them', async () => {
    const rounds = await roundsOf();
    const pick = (row: Readonly<Record<string, unknown>>) => [
      row['round'],
      row['loss'],
      row['weight'],
      row['included'],
      row['header'],
      row['model'],
      row['verified'],
    ];
    expect(said.rounds.map(pick)).toEqual(
      rounds.map((view) => [
        view.round,
        view.metrics['lossBefore'] === undefined ? null : view.metrics['lossBefore'] / 1e9,
        Number(view.sumWeight),
        view.included,
        view.header,
        view.modelAfter,
        null,
      ]),
    );
    expect(rounds).toHaveLength(3);
  });

  it('has a row for every measurement of a site', async () => {
    const measured = (await roundsOf()).flatMap(({ round, evaluations }) =>
      evaluations.map(({ node, numExamples }) => [round, node, numExamples]),
    );
    const read = said.nodes.map((row) => [row['round'], row['node'], row['numExamples']]);
    expect(measured).toEqual(expect.arrayContaining(read)); // more may have come since
  });

  it('downloads the model that the run names, byte for byte', async () => {
    const view = RunView.parse(await coordinator.api.get(`runs/${said.run}`));
    expect(said.model).toBe(view.model);
    expect(said.html).toContain(view.model);
  });
});
