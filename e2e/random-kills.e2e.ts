/**
 * kill -9 at random moments of five-round runs: of the coordinator, of a node, and of the database's connections. The models,
 * the pay and the commits are those of an undisturbed run, and the next round closes within ten seconds.
 *
 * TALLY_E2E_FULL=1 plays it. The moments follow from a seed that is printed; TALLY_E2E_SEED plays them again.
 */
import { createHash, randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { RoundView, RunReport } from './harness/api-types.js';
import { Federation } from './harness/federation.js';
import { HeartCopy } from './harness/heart.js';
import { childrenOf, commandOf } from './harness/proc.js';
import { repeated } from './harness/repeated.js';
import type { Stage } from './harness/stage.js';
import { until } from './harness/until.js';
import { useStage } from './harness/use-stage.js';

const isFull = process.env['TALLY_E2E_FULL'] === '1';
const SEED = process.env['TALLY_E2E_SEED'] ?? String(randomInt(2 ** 31));
const KILLS = 20;
const ROUNDS = 5;
const POT_UNITS = '10';
const RESUME_MS = 10_000;
/** Between two kills of one victim: `tally up` starts a process again five times a minute, each time later. */
const REST_MS = 16_000;
const TEST_MS = 1_200_000;

const VICTIMS = ['coordinator', 'node', 'database'] as const;
type Victim = (typeof VICTIMS)[number];

interface Commit {
  readonly run: number;
  readonly round: number;
  readonly header?: string;
}

interface Rewards {
  readonly allotted: string;
  readonly claimable: number | null;
  readonly rewards: readonly { readonly account: string; readonly entitled: string }[];
}

const roundOf = ({ run, round }: Commit): string => `round ${round} of run ${run}`;
const payoutOf = (name: string): string => createHash('sha256').update(name).digest('hex');

/** In [0, 1), from the seed and what it is for. */
function fraction(of: string): number {
  return createHash('sha256').update(`${SEED} ${of}`).digest().readUInt32LE() / 2 ** 32;
}

/** Four sites, and what an undisturbed run gives. */
class Scene {
  readonly federation: Federation;
  readonly #spec: string;
  readonly #expected: readonly string[];
  readonly #runs: { readonly run: number; readonly rounds: readonly RoundView[] }[] = [];
  readonly #killedMs = new Map<Victim, number>();
  readonly resumedMs = new Map<Victim, number[]>(VICTIMS.map((victim) => [victim, []]));
  #lengthMs = 0;

  private constructor(federation: Federation, spec: string, expected: readonly string[]) {
    this.federation = federation;
    this.#spec = spec;
    this.#expected = expected;
  }

  static async set(stage: Stage): Promise<Scene> {
    const heart = await HeartCopy.at(stage.path('heart'));
    const spec = await heart.editRun(
      [/^rounds: .*$/m, `rounds: ${ROUNDS}`],
      [/^ {2}steps: .*$/m, '  steps: 100'],
      [/^seed: .*$/m, `$&\npayout: { epochRounds: ${ROUNDS} }`],
    );
    const federation = await Federation.start(stage);
    for (const site of heart.sites) {
      const body = { organisation: site.name, payout: payoutOf(site.name) };
      const { token } = await federation.post<{ token: string }>('invites', body);
      await federation.join(site, token);
    }
    await Promise.all(heart.sites.map(({ name }) => federation.startNode(name)));
    const { roundModels } = (await stage.run(['simulate', heart.folder])).json<RunReport>();
    return new Scene(federation, spec, roundModels);
  }

  /** Launches a run. */
  async launch(): Promise<number> {
    const body = { spec: this.#spec, pot: POT_UNITS, windows: { challengeMs: 1_500 } };
    return (await this.federation.post<{ run: number }>('runs', body)).run;
  }

  /** How long a run takes that nobody disturbs. */
  async undisturbed(): Promise<void> {
    const startMs = performance.now();
    const run = await this.launch();
    await until('it is over', async () =>
      (await this.federation.run(run)).status === 'completed' ? true : undefined,
    );
    this.#lengthMs = performance.now() - startMs;
    await this.expectUndisturbed(run);
  }

  /** One run with one kill at a moment that the seed chooses. */
  async killOnce(victim: Victim, index: number): Promise<void> {
    await this.#rested(victim);
    const moment = fraction(`${victim} ${index}`) * this.#lengthMs;
    const startMs = performance.now();
    const run = await this.launch();
    await until('the moment', () => (performance.now() - startMs >= moment ? true : undefined));
    const sinceMs = performance.now();
    this.#killedMs.set(victim, sinceMs);
    await this.#kill(victim, index);
    const tookMs = Math.round(await this.#resumed(run, sinceMs));
    this.resumedMs.get(victim)?.push(tookMs);
    const what = `${victim} ${index} at ${Math.round(moment)} ms`;
    process.stdout.write(`random kills: ${what}: goes on after ${tookMs} ms\n`);
    expect.soft(tookMs, what).toBeLessThan(RESUME_MS);
    await this.expectUndisturbed(run);
  }

  async #rested(victim: Victim): Promise<void> {
    const sinceMs = this.#killedMs.get(victim) ?? -REST_MS;
    await until('the victim is rested', () =>
      performance.now() - sinceMs >= REST_MS ? true : undefined,
    );
  }

  async #kill(victim: Victim, index: number): Promise<void> {
    switch (victim) {
      case 'coordinator':
        await this.federation.kill('coordinator');
        return;
      case 'node': {
        const names = [...this.federation.nodes.keys()];
        const name = names[Math.floor(fraction(`which ${index}`) * names.length)] ?? '';
        const node = this.federation.nodes.get(name);
        node?.child.kill('SIGKILL');
        await node?.ended;
        await this.federation.startNode(name);
        return;
      }
      case 'database':
        if (index % 2 === 1) await this.federation.kill('postgres');
        else await this.#dropConnections();
    }
  }

  /** What pg_terminate_backend does, to every session there is. */
  async #dropConnections(): Promise<void> {
    const backends = childrenOf(await this.federation.pidOf('postgres')).filter((pid) =>
      commandOf(pid).startsWith('postgres: postgres '),
    );
    expect(backends.length).toBeGreaterThan(0);
    for (const pid of backends) process.kill(pid, 'SIGTERM');
  }

  /** Milliseconds until a round closes that was not closed when it answered again, or the run is over. */
  async #resumed(run: number, sinceMs: number): Promise<number> {
    let before: number | undefined;
    await until(`run ${run} goes on`, async () => {
      const { closedRounds, status } = await this.federation.run(run);
      before ??= closedRounds;
      return closedRounds > before || status === 'completed' ? true : undefined;
    });
    return performance.now() - sinceMs;
  }

  async expectUndisturbed(run: number): Promise<void> {
    const rounds = await this.federation.finished(run);
    expect(rounds.map(({ modelAfter }) => modelAfter)).toEqual(this.#expected);
    expect(rounds.map(({ included }) => included)).toEqual(Array(ROUNDS).fill(4));
    this.#runs.push({ run, rounds });
  }

  /** One commit of every round of every run, as the outsider finds them on the chain, and no call that failed. */
  async expectCommitsOnce(): Promise<void> {
    const { commits } = await this.federation.commits();
    expect(repeated<Commit>(commits, roundOf)).toEqual([]);
    const shown = this.#runs.flatMap(({ run, rounds }) =>
      rounds.map(({ round, header }) => ({ run, round, header })),
    );
    expect(commits.map(({ run, round, header }) => ({ run, round, header }))).toEqual(shown);
  }

  /** Everybody is entitled to what the undisturbed run gave, and to nothing twice. */
  async expectPaidOnce(): Promise<void> {
    const seen: Rewards[] = [];
    for (const { run } of this.#runs) {
      const settled = await until(`the epoch of run ${run} is final`, async () => {
        const now = await this.federation.get<Rewards>(`runs/${run}/rewards`);
        return now.claimable === 0 ? now : undefined;
      });
      expect(repeated(settled.rewards, ({ account }) => account)).toEqual([]);
      seen.push(settled);
    }
    const [first] = seen;
    expect(first?.rewards).toHaveLength(4);
    for (const { allotted, rewards } of seen) {
      expect({ allotted, rewards: entitlements(rewards) }).toEqual({
        allotted: first?.allotted,
        rewards: entitlements(first?.rewards ?? []),
      });
    }
  }
}

function entitlements(rewards: Rewards['rewards']): Readonly<Record<string, string>> {
  return Object.fromEntries(rewards.map(({ account, entitled }) => [account, entitled]));
}

it('a round that is committed twice would be noticed', () => {
  const once: readonly Commit[] = [0, 1, 2].map((round) => ({ run: 7, round }));
  expect(repeated(once, roundOf)).toEqual([]);
  expect(repeated([...once, { run: 8, round: 1 }], roundOf)).toEqual([]);
  expect(repeated([...once, { run: 7, round: 1 }], roundOf)).toEqual(['round 1 of run 7']);
});

describe.each(isFull ? [SEED] : [])('killed at random moments, seed %s', () => {
  let scene: Scene;
  useStage(async (stage) => {
    scene = await Scene.set(stage);
    await scene.undisturbed();
  });

  it(
    `bar 24: ${KILLS} kills of each victim: the same models, and on within ten seconds`,
    async () => {
      for (let index = 0; index < KILLS; index++) {
        for (const victim of VICTIMS) await scene.killOnce(victim, index);
      }
      for (const [victim, times] of scene.resumedMs) {
        process.stdout.write(
          `random kills: ${victim}: ${times.length} kills, at most ${Math.max(...times)} ms\n`,
        );
      }
    },
    TEST_MS,
  );

  it('bar 24: every round was committed once', () => scene.expectCommitsOnce());

  it('bar 24: everybody is entitled once', () => scene.expectPaidOnce());
});
