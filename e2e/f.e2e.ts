/**
 * F. kill -9 anywhere, and only the victim restarts: the same final models as an undisturbed run, and one commit for each
 * round, counted on the chain by a client that is not ours.
 *
 * TALLY_E2E_FULL=1 plays all of them; without it the three that cover most.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RoundView, RunReport } from './harness/api-types.js';
import { Federation } from './harness/federation.js';
import { HeartCopy } from './harness/heart.js';
import { childrenOf, cpuTicksOf, isAlive } from './harness/proc.js';
import type { Stage } from './harness/stage.js';
import { until } from './harness/until.js';
import { useStage } from './harness/use-stage.js';

const isFull = process.env['TALLY_E2E_FULL'] === '1';

/** Where the coordinator kills itself (apps/coordinator/src/crash-points.ts). */
const POINTS = [
  'inside-close',
  'chunk-half-spooled',
  'spooled-no-row',
  'row-no-promise',
  'rows-no-close',
  'closed-not-submitted',
  'submitted-not-in-block',
  'in-block-not-final',
];
const [firstPoint = '', ...otherPoints] = isFull ? POINTS : POINTS.slice(0, 1);
const servers = isFull ? (['chain', 'postgres'] as const) : (['chain'] as const);

/** Rounds long enough for a kill to come in the middle of one. */
const SLOW = [
  [/^rounds: .*$/m, 'rounds: 3'],
  [/^ {2}steps: .*$/m, '  steps: 1500'],
] as const;

/** A federation of four sites and what an undisturbed run of its spec gives: `simulate` plays it (letter C). */
class Scene {
  readonly federation: Federation;
  readonly spec: string;
  readonly #expected: readonly string[];
  readonly #runs: { readonly run: number; readonly rounds: readonly RoundView[] }[] = [];

  private constructor(federation: Federation, spec: string, expected: readonly string[]) {
    this.federation = federation;
    this.spec = spec;
    this.#expected = expected;
  }

  static async set(stage: Stage, env: Readonly<Record<string, string>>): Promise<Scene> {
    const heart = await HeartCopy.at(stage.path('heart'));
    const spec = await heart.editRun(...SLOW);
    const federation = await Federation.start(stage, env);
    await federation.populate(heart.sites);
    const { roundModels } = (await stage.run(['simulate', heart.folder])).json<RunReport>();
    return new Scene(federation, spec, roundModels);
  }

  /** Pids of everything but the victim: they must live on. */
  async bystanders(victim: string): Promise<ReadonlyMap<string, number>> {
    const pids = new Map([['tally up', this.federation.up.pid]]);
    for (const role of ['coordinator', 'chain', 'postgres'] as const) {
      pids.set(role, await this.federation.pidOf(role));
    }
    for (const [name, node] of this.federation.nodes) pids.set(name, node.pid);
    pids.delete(victim);
    return pids;
  }

  async collecting(run: number): Promise<true | undefined> {
    const { current } = await this.federation.run(run);
    const isOpen = current?.round === 1 && current.phase === 'collecting';
    return isOpen && current.included === 0 ? true : undefined;
  }

  /** Waits for the end: the models of an undisturbed run, and nobody else had to be started again. */
  async expectUndisturbed(run: number, bystanders: ReadonlyMap<string, number>): Promise<void> {
    const rounds = await this.federation.finished(run);
    this.#runs.push({ run, rounds });
    expect(rounds.map(({ modelAfter }) => modelAfter)).toEqual(this.#expected);
    expect(rounds.map(({ included }) => included)).toEqual([4, 4, 4]);
    expect([...bystanders].filter(([, pid]) => !isAlive(pid))).toEqual([]);
  }

  /** One commit of every round of every run, as the outsider finds them on the chain. */
  async expectCommitsOnce(): Promise<void> {
    const { commits } = await this.federation.commits();
    const shown = this.#runs.flatMap(({ run, rounds }) =>
      rounds.map(({ round, header }) => ({ run, round, header })),
    );
    expect(shown).toHaveLength(3 * this.#runs.length);
    expect(commits.map(({ run, round, header }) => ({ run, round, header }))).toEqual(shown);
  }

  /** The coordinator kills itself at `point` of round 1 and comes back. */
  async crash(point: string): Promise<void> {
    const others = await this.bystanders('coordinator');
    const victim = await this.federation.pidOf('coordinator');
    const { run } = await this.federation.launch(this.spec);
    await until('the coordinator died', () => (isAlive(victim) ? undefined : true));
    const marker = join(this.federation.data, `crashed-${point}`);
    expect(Number(await readFile(marker, 'utf8'))).toBe(victim);
    await this.expectUndisturbed(run, others);
    expect(await this.federation.pidOf('coordinator')).not.toBe(victim);
  }
}

describe('a federation whose processes are killed one after another', () => {
  let scene: Scene;
  useStage(async (stage) => {
    scene = await Scene.set(stage, { TALLY_TEST__CRASH_AT: `${firstPoint}:1` });
  });

  it(`F: coordinator killed at ${firstPoint}: the same models`, () => scene.crash(firstPoint));

  it.each(servers)('F: %s killed in a round: the same models', async (role) => {
    const { federation } = scene;
    const { run } = await federation.launch(scene.spec);
    await until('round 1 collects', () => scene.collecting(run));
    const others = await scene.bystanders(role);
    const victim = await federation.kill(role);
    await scene.expectUndisturbed(run, others);
    expect(await federation.pidOf(role)).not.toBe(victim);
  });

  it('F: a node killed in training: the same models', async () => {
    const { federation } = scene;
    const { run } = await federation.launch(scene.spec);
    const node = federation.nodes.get('va');
    if (node === undefined) throw new Error('va does not run');
    await until('round 1 collects', () => scene.collecting(run));
    const children = childrenOf(node.pid);
    const ticks = children.map(cpuTicksOf);
    await until('va trains', () =>
      children.some((pid, i) => cpuTicksOf(pid) > (ticks[i] ?? 0)) ? true : undefined,
    );
    const others = await scene.bystanders('va');
    node.child.kill('SIGKILL');
    await node.ended;
    await until('its training ends with it', () => (children.some(isAlive) ? undefined : true));
    await federation.startNode('va');
    await scene.expectUndisturbed(run, others);
  });

  it('F: every round of every run was committed once', () => scene.expectCommitsOnce());

  it('F: what was killed and came back drains in order', async () => {
    expect(await scene.federation.stop()).toBe(0);
    await scene.federation.stage.untilEmpty();
  });
});

const supervisors = isFull ? ['tally up'] : [];

describe.each(supervisors)('%s, killed in a round', (name) => {
  let scene: Scene;
  const stage = useStage(async (opened) => {
    scene = await Scene.set(opened, {});
  });

  it(`F: ${name} killed: the next one takes over, the same models`, async () => {
    const { federation } = scene;
    const { run } = await federation.launch(scene.spec);
    await until('round 1 collects', () => scene.collecting(run));
    const others = await scene.bystanders('tally up');
    const orphan = await federation.pidOf('coordinator');
    federation.up.child.kill('SIGKILL');
    await until('the coordinator drains by itself', () => (isAlive(orphan) ? undefined : true));
    const { port } = federation;
    const next = stage().tally(
      ['up', '--port', String(port), '--chain-port', '0', '--data', federation.data, '--json'],
      { name: 'the next tally up' },
    );
    await next.event('up');
    const stay = new Map([...others].filter(([role]) => role !== 'coordinator'));
    await scene.expectUndisturbed(run, stay);
    await scene.expectCommitsOnce();
  });
});

describe.each(otherPoints)('a coordinator that is killed at %s', (point) => {
  let scene: Scene;
  useStage(async (stage) => {
    scene = await Scene.set(stage, { TALLY_TEST__CRASH_AT: `${point}:1` });
  });

  it(`F: coordinator killed at ${point}: the same models, every round committed once`, async () => {
    await scene.crash(point);
    await scene.expectCommitsOnce();
  });
});
