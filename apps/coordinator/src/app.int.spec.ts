import { asHash, fromHex } from '@tallystick/kernel';
import { ed25519 } from '@tallystick/kernel/node';
import { RoundEvidence, RoundList, type RunView } from '@tallystick/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestPostgres, type TestPostgres } from './testing/test-postgres.js';
import {
  type RunningCoordinator,
  TEST_RUN,
  testHome,
  type TestHome,
} from './testing/test-deployment.js';
import { TestNode } from './testing/test-node.js';

describe('coordinator', () => {
  let postgres: TestPostgres;
  let home: TestHome;
  let coordinator: RunningCoordinator;
  let nodes: TestNode[];

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await testHome(await postgres.database());
    coordinator = await home.start();
    nodes = [new TestNode(coordinator.api), new TestNode(coordinator.api)];
    for (const [i, node] of nodes.entries()) await node.join(`site-${i}`);
  });
  afterAll(async () => {
    await coordinator.stop();
    await home.remove();
    await postgres.stop();
  });

  it('plays a run over two sockets, commits every round, and shows its evidence', async () => {
    const { api } = coordinator;
    for (const node of nodes) {
      const { signature } = await node.connect();
      const key = coordinator.deployment.signer.key;
      expect(ed25519.verify(key, fromHex(node.helloHash), signature)).toBe(true);
    }
    const { run } = await api.launch(TEST_RUN);
    const ended = await untilEnded(api, run);
    expect(ended).toMatchObject({ status: 'completed', closedRounds: 3, reason: null });
    await expect.poll(async () => (await api.run(run)).committedRounds).toBe(3);
    const { rounds } = RoundList.parse(await api.get(`runs/${run}/rounds`));
    expect(rounds.map(({ included, status }) => [included, status])).toEqual([
      [2, 'committed'],
      [2, 'committed'],
      [2, 'committed'],
    ]);
    expect(rounds.at(-1)?.modelAfter).toBe(ended.model);
    const model = await api.bytes(`models/${ended.model}`);
    expect(coordinator.deployment.sha256(model)).toBe(asHash(ended.model));
    const evidence = RoundEvidence.parse(await api.get(`runs/${run}/rounds/1/evidence`));
    expect(evidence.receipts).toHaveLength(2);
    expect(evidence.promises).toHaveLength(2);
  });
});

async function untilEnded(api: RunningCoordinator['api'], run: number): Promise<RunView> {
  await expect
    .poll(async () => (await api.run(run)).status, { timeout: 20_000 })
    .not.toBe('running');
  return api.run(run);
}
