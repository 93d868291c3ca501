import { createHash } from 'node:crypto';
import { fromHex } from '@tallystick/kernel';
import { ed25519 } from '@tallystick/kernel/node';
import {
  ErrorBody,
  EstimateView,
  HeaderList,
  NodeList,
  RoundEvidence,
  RoundList,
  RoundMembers,
  RunCurves,
  RunEvent,
  RunGrid,
  type RunView,
} from '@tallystick/protocol';
import { decodeSigned, HEADER, PROMISE, RECEIPT, TASK, verifyRecord } from '@tallystick/record';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApi } from './testing/test-api.js';
import {
  type RunningCoordinator,
  TEST_RUN,
  testHome,
  type TestHome,
} from './testing/test-deployment.js';
import { TestNode } from './testing/test-node.js';
import { startTestPostgres, type TestPostgres } from './testing/test-postgres.js';

describe('coordinator', () => {
  let postgres: TestPostgres;
  let home: TestHome;
  let coordinator: RunningCoordinator;
  let nodes: TestNode[];
  let done: RunView;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await testHome(await postgres.database());
    coordinator = await home.start();
    nodes = [new TestNode(coordinator.api), new TestNode(coordinator.api)];
    for (const [i, node] of nodes.entries()) await node.join(`site-${i}`);
    for (const node of nodes) {
      const { signature } = await node.connect();
      const key = coordinator.deployment.signer.key;
      expect(ed25519.verify(key, fromHex(node.helloHash), signature)).toBe(true);
    }
    const { run } = await coordinator.api.launch(TEST_RUN);
    done = await untilCommitted(coordinator.api, run);
  });
  afterAll(async () => {
    await coordinator.stop();
    await home.remove();
    await postgres.stop();
  });

  it('plays a run over two sockets and commits every round', async () => {
    expect(done).toMatchObject({ status: 'completed', closedRounds: 3, reason: null });
    const { rounds } = RoundList.parse(await coordinator.api.get(`runs/${done.run}/rounds`));
    expect(rounds.map(({ included, status }) => [included, status])).toEqual([
      [2, 'committed'],
      [2, 'committed'],
      [2, 'committed'],
    ]);
    expect(rounds.at(-1)?.modelAfter).toBe(done.model);
  });

  it('shows evidence whose every signature holds', async () => {
    const { api, deployment } = coordinator;
    const path = `runs/${done.run}/rounds/1/evidence`;
    const evidence = RoundEvidence.parse(await api.get(path));
    const { key } = deployment.signer;
    const task = decodeSigned(TASK, evidence.task);
    expect(verifyRecord(ed25519, TASK, task.value, key, task.signature)).toBe(true);
    const header = decodeSigned(HEADER, evidence.header);
    expect(verifyRecord(ed25519, HEADER, header.value, key, header.signature)).toBe(true);
    for (const [i, wire] of evidence.receipts.entries()) {
      const receipt = decodeSigned(RECEIPT, wire);
      const node = nodes[i]?.key.key ?? key;
      expect(verifyRecord(ed25519, RECEIPT, receipt.value, node, receipt.signature)).toBe(true);
    }
    const promised = nodes.map(({ heads }) =>
      heads.flatMap((head) =>
        head.kind === 'verdict' && head.outcome === 'accepted' && head.round === 1
          ? [head.promise]
          : [],
      ),
    );
    expect(evidence.promises).toEqual(promised.flat());
    expect(decodeSigned(PROMISE, evidence.promises[0] ?? '').value.round).toBe(1);
    const { headers } = HeaderList.parse(await api.get(`runs/${done.run}/headers?from=1&limit=1`));
    expect(headers).toEqual([evidence.header]);
  });

  it('serves models by hash: whole, in ranges, not again, and only models to nodes', async () => {
    const { api } = coordinator;
    const path = `models/${done.model}`;
    const whole = await api.bytes(path);
    expect(createHash('sha256').update(whole).digest('hex')).toBe(done.model);
    const part = await api.ask(path, { headers: { range: 'bytes=8-19' } });
    expect(part.status).toBe(206);
    expect(new Uint8Array(await part.arrayBuffer())).toEqual(whole.slice(8, 20));
    const again = await api.ask(path, { headers: { 'if-none-match': `"${done.model}"` } });
    expect(again.status).toBe(304);
    expect(again.headers.get('cache-control')).toContain('immutable');
    const beyond = await api.ask(path, { headers: { range: 'bytes=99999-' } });
    expect(beyond.status).toBe(416);
    const head = await api.ask(path, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe(String(whole.length));
    const evidence = RoundEvidence.parse(await api.get(`runs/${done.run}/rounds/0/evidence`));
    const { update } = decodeSigned(RECEIPT, evidence.receipts[0] ?? '').value;
    expect((await api.ask(`blobs/${update}`)).status).toBe(200);
    expect(await codeOf(await api.ask(`models/${update}`))).toBe('MODEL_UNKNOWN');
    const token = nodes[0]?.token ?? '';
    expect((await api.ask(path, {}, token)).status).toBe(200);
    expect((await api.ask(`specs/${done.spec}`, {}, token)).status).toBe(200);
    expect(await codeOf(await api.ask(`blobs/${update}`, {}, token))).toBe('AUTH_DENIED');
    expect(await codeOf(await api.ask('runs', {}, token))).toBe('AUTH_DENIED');
  });

  it('streams events from any point on, and misses none', async () => {
    const all = await events(coordinator.api, done.run, 0, 17);
    expect(all.map(({ id }) => id)).toEqual(Array.from({ length: 17 }, (_, i) => i + 1));
    expect(all[0]?.type).toBe('run.started');
    const rest = await events(coordinator.api, done.run, 15, 2);
    expect(rest).toEqual(all.slice(15));
  });

  it('keeps what a site reports of a committed model', async () => {
    const [node] = nodes;
    if (node === undefined) throw new Error('no node');
    const report = { kind: 'evaluation', run: done.run, round: 2, numExamples: 9 } as const;
    node.send({ ...report, model: done.genesisModel, metrics: { accuracy: 1 } });
    expect(await node.next('error')).toMatchObject({ code: 'PROTO_UNEXPECTED' });
    await expect.poll(() => node.closed?.code).toBe(4400);
    await node.connect();
    node.send({ ...report, model: done.model, metrics: { accuracy: 750_000_000 } });
    const path = `runs/${done.run}/rounds?from=2`;
    await expect
      .poll(async () => RoundList.parse(await coordinator.api.get(path)).rounds[0]?.evaluations)
      .toEqual([{ node: 0, numExamples: 9, metrics: { accuracy: 750_000_000 } }]);
  });

  it('shows a run as columns, as a grid and by its cohort', async () => {
    const { api } = coordinator;
    const curves = RunCurves.parse(await api.get(`runs/${done.run}/curves`));
    expect(curves).toMatchObject({ round: [0, 1, 2], metrics: ['accuracy'], metric: 'accuracy' });
    expect(curves).toMatchObject({ mean: [null, null, 750_000_000], reporting: 1 });
    expect(curves.sites).toEqual([{ node: 0, values: [null, null, 750_000_000] }]);
    expect(curves.bytes.every((bytes) => bytes > 0)).toBe(true);
    expect(curves.commitMs.every((took) => took !== null && took >= 0)).toBe(true);
    const later = RunCurves.parse(await api.get(`runs/${done.run}/curves?from=2`));
    expect(later).toMatchObject({ round: [2], mean: [750_000_000] });
    const grid = RunGrid.parse(await api.get(`runs/${done.run}/grid?from=1&limit=1`));
    expect(grid.rows).toEqual([{ round: 1, states: ['counted', 'counted'] }]);
    const path = `runs/${done.run}/rounds/2/members`;
    const { members, header, cohort } = RoundMembers.parse(await api.get(path));
    expect([cohort, members.map(({ name }) => name)]).toEqual([2, ['site-0', 'site-1']]);
    expect(members[0]).toMatchObject({ state: 'counted', evaluation: { accuracy: 750_000_000 } });
    expect(header?.mode).toBe(0);
    const rest = RoundMembers.parse(await api.get(`${path}?after=0`));
    expect(rest.members).toEqual(members.slice(1));
    expect(await codeOf(await api.ask(`runs/${done.run}/rounds/9/members`))).toBe(
      'USAGE_UNKNOWN_ROUND',
    );
  });

  it('estimates a run from its spec and from what was measured', async () => {
    const view = EstimateView.parse(
      await coordinator.api.post('runs/estimate', { spec: TEST_RUN }),
    );
    expect(view.sites.map(({ declined, roundMs }) => [declined, roundMs !== null])).toEqual([
      [null, true],
      [null, true],
    ]);
    expect(view.siteBytes).toBeGreaterThan(view.rounds * view.updateBytes);
    const body = JSON.stringify({ spec: 'tallystick: 2' });
    const headers = { 'content-type': 'application/json' };
    const refused = await coordinator.api.ask('runs/estimate', { method: 'POST', headers, body });
    expect(await codeOf(refused)).toBe('CONFIG_RUN_SPEC_INVALID');
  });

  it('lists its nodes with what the chain says of them', async () => {
    const { nodes: views } = NodeList.parse(await coordinator.api.get('nodes'));
    expect(views).toMatchObject([
      { node: 0, name: 'site-0', status: 'active', cap: '1000', connected: true },
      { node: 1, name: 'site-1', status: 'active', cap: '1000', connected: true },
    ]);
  });

  it('H: names every fault of a run.yaml with line and column, and launches a good one after', async () => {
    const { api } = coordinator;
    const spec = TEST_RUN.replace('rounds: 3', 'rounds: none').replace('steps: 1', 'stops: 1');
    const body = JSON.stringify({ spec });
    const headers = { 'content-type': 'application/json' };
    const response = await api.ask('runs', { method: 'POST', body, headers });
    expect(response.status).toBe(400);
    const { error } = ErrorBody.parse(await response.json());
    expect(error.code).toBe('CONFIG_RUN_SPEC_INVALID');
    expect(error.message).toMatch(/run\.yaml:11:\d+/);
    expect(error.message).toMatch(/run\.yaml:13:\d+/);
    const { run } = await api.launch(TEST_RUN);
    expect(await untilCommitted(api, run)).toMatchObject({ status: 'completed' });
  });

  it('H: refuses to launch a run whose contributions nobody would pay', async () => {
    const { api } = coordinator;
    const payout = `payout: { policy: contribution, validation: { sha256: ${'0a'.repeat(32)} } }`;
    const body = JSON.stringify({ spec: `${TEST_RUN}\n${payout}\n` });
    const headers = { 'content-type': 'application/json' };
    const response = await api.ask('runs', { method: 'POST', body, headers });
    expect(response.status).toBe(400);
    expect(ErrorBody.parse(await response.json()).error).toMatchObject({
      code: 'USAGE_UNSUPPORTED',
    });
  });

  it('H: refuses a token that is wrong, used, or of another invite', async () => {
    const { api } = coordinator;
    const again = new TestNode(api);
    const invite = await api.invite('site-0');
    await again.join('site-0', invite.token);
    await expect(new TestNode(api).join('site-0', invite.token)).rejects.toThrow('AUTH_TOKEN_USED');
    const known = await again.join('site-0', invite.token); // its own answer was lost
    expect(known.node).toBe(again.node);
    const body = { secret: 'A'.repeat(43), name: 'x', key: again.key.key, owner: again.key.key };
    const proof = again.proof(again.key.key);
    await expect(api.post('nodes/prepare', { ...body, proof })).rejects.toThrow(
      'AUTH_TOKEN_UNKNOWN',
    );
  });

  it('H: refuses requests that are unauthorised, unknown, malformed or too large', async () => {
    const { api } = coordinator;
    expect(await codeOf(await api.ask('runs', {}, ''))).toBe('AUTH_REQUIRED');
    expect(await codeOf(await api.ask('runs', {}, 'x'.repeat(43)))).toBe('AUTH_REQUIRED');
    expect(await codeOf(await api.ask('runs/77'))).toBe('USAGE_UNKNOWN_RUN');
    expect(await codeOf(await api.ask(`runs/${done.run}/rounds/9`))).toBe('USAGE_UNKNOWN_ROUND');
    expect(await codeOf(await api.ask('runs/abc'))).toBe('USAGE_INVALID');
    expect(await codeOf(await api.ask('models/../../etc'))).toBe('USAGE_NOT_FOUND');
    const post = (body: string): Promise<Response> =>
      api.ask('invites', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    expect(await codeOf(await post('{'))).toBe('USAGE_INVALID');
    expect(await codeOf(await post(`"${'x'.repeat(3_000_000)}"`))).toBe('PROTO_TOO_LARGE');
    expect((await api.ask('invites', { method: 'POST' })).status).toBe(400);
  });

  it('describes itself, and says how it is', async () => {
    const { url } = coordinator.api;
    const openApi = await (await fetch(`${url}/api/openapi.json`)).text();
    expect(openApi).toContain('"/api/v1/runs/{run}/rounds/{round}/evidence"');
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok' });
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      'tally_fleet_sessions_connections 2',
    );
  });
});

async function codeOf(response: Response): Promise<string> {
  return ErrorBody.parse(await response.json()).error.code;
}

async function untilCommitted(api: TestApi, run: number): Promise<RunView> {
  for (let turn = 0; turn < 200; turn++) {
    const view = await api.run(run);
    if (view.status !== 'running' && view.committedRounds === view.closedRounds) return view;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`run ${run} does not end`);
}

/** The first `count` events after number `after`. */
async function events(
  api: TestApi,
  run: number,
  after: number,
  count: number,
): Promise<readonly RunEvent[]> {
  const stop = new AbortController();
  const headers = { 'last-event-id': String(after) };
  const response = await api.ask(`runs/${run}/events`, { headers, signal: stop.signal });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  let text = '';
  const found = (): RunEvent[] =>
    [...text.matchAll(/^data: (\{.*\})$/gm)].map(([, json]) =>
      RunEvent.parse(JSON.parse(json ?? '')),
    );
  for await (const piece of response.body ?? []) {
    text += Buffer.from(piece).toString();
    if (found().length >= count) break;
  }
  stop.abort();
  return found().slice(0, count);
}
