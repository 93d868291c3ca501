/**
 * Failover. The leader is killed, or frozen and thawed: the standby goes on with the same round, the models are those of an
 * undisturbed run, every round is committed once, and nobody holds two different signatures for one thing.
 *
 * TALLY_E2E_FULL=1 kills and freezes the leader at every named point, and PostgreSQL; without it one kill and one freeze.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RoundView, RunReport } from './harness/api-types.js';
import { HeartCopy } from './harness/heart.js';
import { Pair, type Which } from './harness/pair.js';
import type { Stage } from './harness/stage.js';
import { until } from './harness/until.js';
import { useStage } from './harness/use-stage.js';

const isFull = process.env['TALLY_E2E_FULL'] === '1';
const TTL_MS = 2_000;
const AFTER_KILL_MS = 1_000;
const AFTER_FREEZE_MS = TTL_MS + 1_000;

/** Where a leader dies or freezes (apps/coordinator/src/crash-points.ts). */
const POINTS = [
  'chunk-half-spooled',
  'spooled-no-row',
  'row-no-promise',
  'rows-no-close',
  'inside-close',
  'closed-not-submitted',
  'submitted-not-in-block',
  'in-block-not-final',
] as const;
const HOW = ['', ':stop'] as const;
const MAX_TRIES = 5;

/** Rounds long enough for a freeze to come in the middle of one. */
const SLOW = [
  [/^rounds: .*$/m, 'rounds: 3'],
  [/^ {2}steps: .*$/m, '  steps: 500'],
] as const;

interface LogLine {
  readonly type: string;
  readonly run: number;
  readonly round: number;
  readonly wire: string;
}

/** Two coordinators, four sites, and what an undisturbed run of the spec gives. */
class Scene {
  readonly pair: Pair;
  readonly spec: string;
  readonly #sites: readonly string[];
  readonly #expected: readonly string[];
  readonly #runs: { readonly run: number; readonly rounds: readonly RoundView[] }[] = [];

  private constructor(
    pair: Pair,
    parts: { spec: string; sites: readonly string[]; expected: readonly string[] },
  ) {
    this.pair = pair;
    this.spec = parts.spec;
    this.#sites = parts.sites;
    this.#expected = parts.expected;
  }

  static async set(stage: Stage, env: Readonly<Record<string, string>>): Promise<Scene> {
    const heart = await HeartCopy.at(stage.path('heart'));
    const spec = await heart.editRun(...SLOW);
    const pair = await Pair.start(stage, TTL_MS, env);
    await pair.federation.populate(heart.sites);
    const report = (await stage.run(['simulate', heart.folder])).json<RunReport>();
    const sites = heart.sites.map(({ name }) => name);
    return new Scene(pair, { spec, sites, expected: report.roundModels });
  }

  async launch(): Promise<number> {
    return (await this.pair.federation.launch(this.spec)).run;
  }

  /**
   * Launches a run; when the leader died or froze at its point, by its marker file. A block may be final before the publisher
   * has looked for the first time; then another run is launched.
   */
  async launchUntilStruck(point: string): Promise<{ run: number; sinceMs: number }> {
    const marker = join(this.pair.federation.data, `crashed-${point}`);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const run = await this.launch();
      const sinceMs = await until(`the leader comes to ${point}`, async () => {
        const found = await stat(marker).catch(() => undefined);
        if (found !== undefined) return found.mtimeMs;
        const { status, committedRounds } = await this.pair.federation.run(run);
        return status === 'completed' && committedRounds === 3 ? 0 : undefined;
      });
      if (sinceMs > 0) return { run, sinceMs };
      await this.expectUndisturbed(run);
    }
    throw new Error(`no run came to ${point}`);
  }

  /** The one that stood by takes `run` over within `limitMs` of `sinceMs`. */
  async takenOver(
    which: Which,
    run: number,
    { what, sinceMs, limitMs }: { what: string; sinceMs: number; limitMs: number },
  ): Promise<void> {
    const view = await this.pair.playedBy(which, run);
    const tookMs = Math.round(Date.now() - sinceMs);
    const round = view.current?.round ?? 'over';
    process.stdout.write(`failover: ${what}: round ${round} goes on after ${tookMs} ms\n`);
    expect.soft(tookMs, what).toBeLessThanOrEqual(limitMs); // late is a failure, and the rest is looked at as well
  }

  /** The models of an undisturbed run, with everybody in every round. */
  async expectUndisturbed(run: number): Promise<void> {
    const rounds = await this.pair.federation.finished(run);
    this.#runs.push({ run, rounds });
    expect(rounds.map(({ modelAfter }) => modelAfter)).toEqual(this.#expected);
    expect(rounds.map(({ included }) => included)).toEqual([4, 4, 4]);
  }

  /** One commit of every round of every run, as the outsider finds them on the chain. */
  async expectCommitsOnce(): Promise<void> {
    const { commits } = await this.pair.federation.commits();
    const shown = this.#runs.flatMap(({ run, rounds }) =>
      rounds.map(({ round, header }) => ({ run, round, header })),
    );
    expect(commits.map(({ run, round, header }) => ({ run, round, header }))).toEqual(shown);
  }

  /** Whatever the sites were shown of one task, promise or header is the same bytes with the same signature. */
  async expectOneSignatureEach(): Promise<void> {
    const seen = new Map<string, Set<string>>();
    for (const site of this.#sites) {
      const log = join(this.pair.federation.folderOf(site), 'receipts.log');
      for (const text of (await readFile(log, 'utf8')).trimEnd().split('\n')) {
        const line = JSON.parse(text) as LogLine;
        expect(line.type, text).not.toBe('evidence');
        if (!['task', 'promise', 'header'].includes(line.type)) continue;
        const whose = line.type === 'promise' ? site : 'all';
        const key = `${line.type} ${line.run} ${line.round} ${whose}`;
        seen.set(key, (seen.get(key) ?? new Set()).add(line.wire));
      }
    }
    // Of every round a task and a header. A promise may be lost with the leader that had stored its contribution; the header
    // includes it all the same.
    const shared = [...seen.keys()].filter((key) => key.endsWith(' all'));
    expect(shared).toHaveLength(2 * 3 * this.#runs.length);
    expect(seen.size).toBeGreaterThanOrEqual(6 * 3 * this.#runs.length - 1);
    expect([...seen].filter(([, wires]) => wires.size !== 1)).toEqual([]);
  }
}

describe('a leader, and one that stands by', () => {
  let scene: Scene;
  useStage(async (stage) => {
    scene = await Scene.set(stage, { TALLY_TEST__CRASH_AT: 'inside-close:1' });
  });

  it('killed at inside-close: the standby goes on with the same round', async () => {
    const { run, sinceMs } = await scene.launchUntilStruck('inside-close');
    const what = 'killed at inside-close';
    await scene.takenOver('second', run, { what, sinceMs, limitMs: AFTER_KILL_MS });
    await scene.expectUndisturbed(run);
  });

  it('frozen: replaced after its lease; thawed, it writes and signs nothing and stands by', async () => {
    const { pair } = scene;
    await pair.leads('second');
    await pair.standsBy('first'); // it was started again
    const run = await scene.launch();
    await until('round 1 collects', async () => {
      const { current } = await pair.federation.run(run);
      return current?.round === 1 && current.phase === 'collecting' ? true : undefined;
    });
    const frozen = await pair.pidOf('second');
    const sinceMs = Date.now();
    process.kill(frozen, 'SIGSTOP');
    await scene
      .takenOver('first', run, { what: 'frozen', sinceMs, limitMs: AFTER_FREEZE_MS })
      .finally(() => process.kill(frozen, 'SIGCONT'));
    await pair.standsBy('second');
    await scene.expectUndisturbed(run);
  });

  it('every round was committed once, and signed once', async () => {
    await scene.expectCommitsOnce();
    await scene.expectOneSignatureEach();
  });

  it('both drain in order', async () => {
    expect(await scene.pair.stop()).toBe(0);
    await scene.pair.federation.stage.untilEmpty();
  });
});

const cases = isFull ? POINTS.flatMap((point) => HOW.map((how) => [point, how] as const)) : [];

describe.each(cases)('a leader that comes to %s%s', (point, how) => {
  let scene: Scene;
  useStage(async (stage) => {
    scene = await Scene.set(stage, { TALLY_TEST__CRASH_AT: `${point}:1${how}` });
  });

  it('is replaced in time: the same models, everything committed and signed once', async () => {
    const { pair } = scene;
    const victim = await pair.pidOf('first');
    const { run, sinceMs } = await scene.launchUntilStruck(point);
    const isFrozen = how === ':stop';
    const what = `${isFrozen ? 'frozen' : 'killed'} at ${point}`;
    const limitMs = isFrozen ? AFTER_FREEZE_MS : AFTER_KILL_MS;
    await scene.takenOver('second', run, { what, sinceMs, limitMs }).finally(() => {
      if (isFrozen) process.kill(victim, 'SIGCONT');
    });
    await pair.standsBy('first');
    await scene.expectUndisturbed(run);
    await scene.expectCommitsOnce();
    await scene.expectOneSignatureEach();
  });
});

const crashes = isFull ? (['SIGQUIT', 'SIGKILL'] as const) : [];

describe.each(crashes)('PostgreSQL that gets %s in a round', (signal) => {
  let scene: Scene;
  useStage(async (stage) => {
    scene = await Scene.set(stage, {});
  });

  it('comes back: somebody leads, the same models', async () => {
    const { federation } = scene.pair;
    const run = await scene.launch();
    await until('round 1 collects', async () => {
      const { current } = await federation.run(run);
      return current?.round === 1 && current.phase === 'collecting' ? true : undefined;
    });
    process.kill(await federation.pidOf('postgres'), signal);
    await scene.expectUndisturbed(run); // reads are answered by both
    await scene.expectCommitsOnce();
    await scene.expectOneSignatureEach();
  });
});
