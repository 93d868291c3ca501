/**
 * A. `tally demo --once --json`: four node processes, one coordinator, one PostgreSQL, one chain; 15 rounds; a verdict that
 * was recomputed; and a result that depends on every cell of the data.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DemoReport, RunReport, RunView } from './harness/api-types.js';
import { HeartCopy } from './harness/heart.js';
import { allPids, isAlive, pidsConnectedTo } from './harness/proc.js';
import type { Running, Stage } from './harness/stage.js';
import { until } from './harness/until.js';
import { useStage } from './harness/use-stage.js';

const HASH = expect.stringMatching(/^[0-9a-f]{64}$/);
const SHARE = expect.closeTo(0.5, 0);

/** Processes and sockets while rounds ran. */
interface Sighting {
  readonly alive: ReadonlySet<number>;
  readonly connected: ReadonlySet<number>;
}

/** The API of a demo that runs, found by its temporary folder. */
async function apiOf(stage: Stage): Promise<{ url: string; token: string }> {
  return until('the demo listens', async () => {
    const name = (await readdir(stage.folder)).find((file) => file.startsWith('tally-demo-'));
    const data = stage.path(name ?? 'no demo yet');
    const { port } = JSON.parse(await readFile(join(data, 'coordinator.lock.json'), 'utf8'));
    const token = (await readFile(join(data, 'api-token'), 'utf8')).trim();
    return port === undefined ? undefined : { url: `http://127.0.0.1:${port}`, token };
  });
}

/** What was alive and connected from round `round` on; asked before and after, so that rounds went on all the while. */
async function sightAt(stage: Stage, demo: Running, round: number): Promise<Sighting> {
  const { url, token } = await apiOf(stage);
  const current = async (): Promise<number | undefined> => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${url}/api/v1/runs/0`, { headers });
    return response.ok ? ((await response.json()) as RunView).current?.round : undefined;
  };
  return until(`round ${round} of the demo`, async () => {
    if (demo.isOver) throw new Error('it is over');
    if (((await current()) ?? -1) < round) return undefined;
    const connected = pidsConnectedTo(Number(new URL(url).port));
    const alive = new Set(allPids().filter(isAlive));
    return (await current()) === undefined ? undefined : { alive, connected };
  });
}

describe('the demo', () => {
  let report: DemoReport;
  let sighting: Sighting;
  let code: number | null;
  const stage = useStage(async (opened) => {
    const demo = opened.tally(['demo', '--once', '--json', '--port', '0', '--chain-port', '0']);
    sighting = await sightAt(opened, demo, 3);
    const ended = await demo.ended;
    code = ended.code;
    report = ended.json<DemoReport>();
    expect(ended.stdout.trimEnd().split('\n')).toHaveLength(1);
  });

  it('A: ends VERIFIED after 15 rounds, with everything in one JSON object', () => {
    expect(code).toBe(0);
    expect(report).toMatchObject({
      verdict: 'VERIFIED',
      rounds: 15,
      pooledAccuracy: SHARE,
      modelSha256: HASH,
      chain: { genesis: HASH, head: HASH },
      seconds: expect.any(Number),
      cpuSeconds: expect.any(Number),
    });
    expect(report.roundModels).toEqual(Array(15).fill(HASH));
    expect(new Set(report.roundModels).size).toBe(15);
    expect(report.roundModels.at(-1)).toBe(report.modelSha256);
    expect(report.anchors).toMatchObject({ genesis: true, anchored: [0, 1, 2, 3], unanchored: [] });
    expect(report.cpuSeconds).toBeGreaterThan(1);
  });

  it('A: shows four sites with the rows of the benchmark', () => {
    const counts = report.sites.map(({ name, train, test }) => [name, train, test]);
    expect(counts).toEqual([
      ['cleveland', 199, 104],
      ['hungarian', 172, 89],
      ['switzerland', 30, 16],
      ['va', 85, 45],
    ]);
    for (const site of report.sites) {
      expect(site).toMatchObject({
        accuracy: expect.any(Number),
        localAccuracy: expect.any(Number),
      });
      expect(site.accuracy).toBeGreaterThan(0.6);
    }
  });

  it('A: had seven processes from round 3 on, each node with a socket to the coordinator', () => {
    const roles = report.processes.map(({ role }) => role).toSorted();
    expect(roles).toEqual(['chain', 'coordinator', 'node', 'node', 'node', 'node', 'postgres']);
    const pids = report.processes.map(({ pid }) => pid);
    expect(new Set(pids).size).toBe(7);
    expect(pids.filter((pid) => !sighting.alive.has(pid))).toEqual([]);
    const nodes = report.processes.filter(({ role }) => role === 'node');
    expect(nodes.filter(({ pid }) => !sighting.connected.has(pid))).toEqual([]);
    expect(nodes.map(({ name }) => name).toSorted()).toEqual(report.sites.map(({ name }) => name));
    for (const { startedAtMs } of report.processes) {
      expect(Math.abs(Date.now() - startedAtMs)).toBeLessThan(600_000);
    }
  });

  it('A: leaves no process and no file behind', async () => {
    await stage().untilEmpty();
    expect(await readdir(stage().folder)).toEqual([]);
  });
});

/** `simulate` gives the models of the processes (letter C plays both on changed data), so it may stand in here. */
describe('the result depends on the data', () => {
  let whole: RunReport;
  const stage = useStage(async (opened) => {
    whole = await simulated(opened, await HeartCopy.at(opened.path('whole')));
  });

  async function simulated(at: Stage, heart: HeartCopy, ...args: string[]): Promise<RunReport> {
    const ended = await at.run(['simulate', heart.folder, ...args]);
    expect(ended.code).toBe(0);
    return ended.json<RunReport>();
  }

  it('A: one cell of one CSV changes the model and the line of that site', async () => {
    const heart = await HeartCopy.at(stage().path('cell'));
    await heart.editRows('va', (rows) =>
      rows.map((row, i) => (i === 0 ? { ...row, chol: String(Number(row['chol']) + 300) } : row)),
    );
    const changed = await simulated(stage(), heart);
    expect(changed.modelSha256).not.toBe(whole.modelSha256);
    // FedAdagrad's first step is the sign of the gradient alone, which one cell does not turn.
    expect(changed.roundModels[1]).not.toBe(whole.roundModels[1]);
    expect(changed.sites.at(-1)).not.toEqual(whole.sites.at(-1));
  });

  it('A: five train rows less are five train rows less', async () => {
    const heart = await HeartCopy.at(stage().path('rows'));
    let removed = 0;
    await heart.editRows('cleveland', (rows) =>
      rows.filter((row) => row['set'] !== 'train' || ++removed > 5),
    );
    const changed = await simulated(stage(), heart);
    const trains = changed.sites.map(({ train }) => train);
    expect(trains).toEqual([194, 172, 30, 85]);
    expect(changed.modelSha256).not.toBe(whole.modelSha256);
  });

  it('A: another seed changes all 15 models', async () => {
    const heart = await HeartCopy.at(stage().path('seed'));
    const changed = await simulated(stage(), heart, '--seed', '1');
    const common = changed.roundModels.filter((model) => whole.roundModels.includes(model));
    expect(changed.roundModels).toHaveLength(15);
    expect(common).toEqual([]);
  });
});
