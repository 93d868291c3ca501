import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RoundList } from '@tallystick/protocol';
import { beforeAll, describe, expect, it } from 'vitest';
import { CRASH_POINTS } from './crash-points.js';
import { spawnCoordinator, type SpawnedCoordinator } from './testing/spawn-coordinator.js';
import { TestNode } from './testing/test-node.js';
import { TEST_RUN } from './testing/test-deployment.js';

/** One here; all of them with TALLY_E2E_FULL=1. */
const points = process.env['TALLY_E2E_FULL'] === '1' ? CRASH_POINTS : (['inside-close'] as const);

/** A coordinator process over embedded PostgreSQL and chain, and two nodes that always come back. */
class Federation {
  coordinator: SpawnedCoordinator;
  readonly #folder: string;
  readonly #stop = new AbortController();

  private constructor(folder: string, coordinator: SpawnedCoordinator) {
    this.#folder = folder;
    this.coordinator = coordinator;
  }

  static async start(env: Record<string, string>): Promise<Federation> {
    const folder = await mkdtemp(join(tmpdir(), 'tally-main-'));
    await chmod(folder, 0o711); // Root's PostgreSQL has an owner of its own, and lives elsewhere when that one cannot pass.
    const federation = new Federation(folder, await spawnCoordinator(folder, env));
    for (const name of ['north', 'south']) {
      const node = new TestNode(federation.coordinator.api);
      await node.join(name);
      const where = (): SpawnedCoordinator['api'] => federation.coordinator.api;
      void node.stayConnected(where, federation.#stop.signal);
    }
    return federation;
  }

  async restart(env: Record<string, string>): Promise<void> {
    this.coordinator = await spawnCoordinator(this.#folder, env);
  }

  /** Digests of all models of the run, once every round is final. */
  async models(run: number): Promise<string[]> {
    const { api } = this.coordinator;
    for (let turn = 0; (await api.run(run)).committedRounds < 3; turn++) {
      if (turn > 300) throw new Error(`not committed: ${this.coordinator.log()}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await api.run(run)).toMatchObject({ status: 'completed', closedRounds: 3 });
    const { rounds } = RoundList.parse(await api.get(`runs/${run}/rounds`));
    return rounds.map(({ modelAfter }) => modelAfter);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.coordinator.child.kill('SIGTERM');
    if ((await this.coordinator.ended) !== 0) throw new Error(this.coordinator.log());
    await rm(this.#folder, { recursive: true, force: true });
  }
}

describe('main.js', () => {
  let expected: string[];

  beforeAll(async () => {
    const federation = await Federation.start({});
    const { run } = await federation.coordinator.api.launch(TEST_RUN);
    expected = await federation.models(run);
    await federation.close();
  });

  it.each(points)('F: killed at %s, the same round goes on to the same models', async (point) => {
    const env = { TALLY_TEST__CRASH_AT: `${point}:1` };
    const federation = await Federation.start(env);
    const { run } = await federation.coordinator.api.launch(TEST_RUN);
    expect(await federation.coordinator.ended).toBe('SIGKILL');
    await federation.restart(env);
    expect(await federation.models(run)).toEqual(expected);
    await federation.close();
  });
});
