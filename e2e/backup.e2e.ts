/**
 * Backup, wipe, restore. A run in the middle goes on and verifies; a coordinator that was put back to an older state signs
 * nothing a second time, whether its signing log survived or not, and no site finds anything to accuse it of.
 *
 * TALLY_E2E_FULL=1 plays all of them; without it the first.
 */
import { mkdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunReport } from './harness/api-types.js';
import { Federation } from './harness/federation.js';
import { HeartCopy, SITE_NAMES } from './harness/heart.js';
import type { Ended, Stage } from './harness/stage.js';
import { until } from './harness/until.js';
import { useStage } from './harness/use-stage.js';

/** Once when everything is played, else not at all. */
const full = process.env['TALLY_E2E_FULL'] === '1' ? [undefined] : [];

/** Rounds long enough for a backup to come in the middle, with a deadline that it does not outlast. */
const SLOW = [
  [/^rounds: .*$/m, 'rounds: 3'],
  [/^ {2}steps: .*$/m, '  steps: 800'],
  [/^ {2}deadlineMs: .*$/m, '  deadlineMs: 900000'],
] as const;

interface Manifest {
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

/** A federation, and a backup of it from the middle of its first run. */
class Drill {
  readonly federation: Federation;
  readonly spec: string;
  readonly expected: readonly string[];
  readonly backup: string;

  private constructor(federation: Federation, spec: string, expected: readonly string[]) {
    this.federation = federation;
    this.spec = spec;
    this.expected = expected;
    this.backup = federation.stage.path('backup');
  }

  static async set(stage: Stage): Promise<Drill> {
    const heart = await HeartCopy.at(stage.path('heart'));
    const spec = await heart.editRun(...SLOW);
    const federation = await Federation.start(stage);
    await federation.populate(heart.sites);
    const { roundModels } = (await stage.run(['simulate', heart.folder])).json<RunReport>();
    return new Drill(federation, spec, roundModels);
  }

  tally(...args: readonly string[]): Promise<Ended> {
    return this.federation.stage.run([...args, '--data', this.federation.data]);
  }

  /** Everything of the deployment is gone, but for the signing log when it was kept elsewhere. */
  async wipe(keep: 'nothing' | 'signing.log'): Promise<void> {
    const { data } = this.federation;
    const log = await readFile(join(data, 'signing.log'));
    const home = await readFile(join(data, 'postgres/location'), 'utf8').catch(() => undefined);
    if (home !== undefined) await rm(home, { recursive: true });
    await rm(data, { recursive: true });
    if (keep === 'nothing') return;
    await mkdir(data);
    await writeFile(join(data, 'signing.log'), log, { mode: 0o600 });
  }

  /** The run that was open in the backup, once it has ended. */
  async ended(run: number): Promise<{ readonly status: string; readonly reason: string | null }> {
    return until(`run ${run} ends`, async () => {
      const view = await this.federation.run(run);
      return view.status === 'running' ? undefined : view;
    });
  }

  /** Lines by which a site would accuse the coordinator. */
  async accusations(): Promise<readonly string[]> {
    const logs = SITE_NAMES.map((site) =>
      readFile(join(this.federation.folderOf(site), 'receipts.log'), 'utf8'),
    );
    const lines = (await Promise.all(logs)).flatMap((text) => text.trimEnd().split('\n'));
    return lines.filter((line) => line.includes('"type":"evidence"'));
  }
}

describe('backup, wipe, restore', () => {
  let drill: Drill;
  let stage: Stage;
  const opened = useStage(async (it) => {
    drill = await Drill.set(it);
  });
  beforeAll(() => void (stage = opened()));

  it('a run in the middle: it goes on, gives the models of an undisturbed run, and verifies', async () => {
    const { federation, backup } = drill;
    const running = await drill.tally('backup', backup);
    expect(running).toMatchObject({ code: 78 });
    expect(running.stdout).toContain('CONFIG_LOCKED');
    const { run } = await federation.launch(drill.spec);
    await until(
      'round 1 collects',
      async () => {
        const { current } = await federation.run(run);
        return current?.round === 1 && current.phase === 'collecting' ? true : undefined;
      },
      150_000,
    );
    expect(await federation.stopServers()).toBe(0);

    const taken = await drill.tally('backup', backup);
    expect(taken.code, taken.stderr).toBe(0);
    expect(taken.json()).toMatchObject({ database: 'cluster' });
    const inside = await drill.tally('backup', join(federation.data, 'copy'));
    expect(inside.code).toBe(78);
    const twice = await drill.tally('backup', backup);
    expect(twice.stdout).toContain('CONFIG_FOLDER_IN_USE');
    const over = await drill.tally('restore', backup);
    expect(over.stdout).toContain('CONFIG_FOLDER_IN_USE'); // what is there is not overwritten

    await drill.wipe('nothing');
    const restored = await drill.tally('restore', backup, '--nothing-signed-since');
    expect(restored.code, restored.stderr).toBe(0);
    expect(restored.json()).toMatchObject({ signingLog: 'backup' });
    await federation.upAgain();
    expect(await federation.run(run)).toMatchObject({ status: 'running' }); // it was in the middle
    const rounds = await federation.finished(run);
    expect(rounds.map(({ modelAfter }) => modelAfter)).toEqual(drill.expected);
    expect(rounds.map(({ included }) => included)).toEqual([4, 4, 4]);
    const logs = SITE_NAMES.map((site) => join(federation.folderOf(site), 'receipts.log'));
    const anchors = logs.flatMap((log) => ['--as-node', log]);
    const audit = await drill.tally('audit', 'verify', String(run), ...anchors);
    expect(audit.json(), audit.stderr).toMatchObject({ verdict: 'VERIFIED', finding: null });
    expect(await drill.accusations()).toEqual([]);
  });

  it.each(full)(
    'damaged, cut short or foreign: nothing is restored, and it is said what is wrong',
    async () => {
      const { backup } = drill;
      const manifestFile = join(backup, 'manifest.json');
      const text = await readFile(manifestFile, 'utf8');
      const { files } = JSON.parse(text) as Manifest;
      const blob = files.find(({ path }) => path.startsWith('blobs/'));
      const empty = stage.path('empty');
      const refused = async (reason: string): Promise<void> => {
        const ended = await stage.run(['restore', backup, '--data', empty]);
        expect(ended.code).toBe(69);
        expect(ended.stdout).toContain('STORE_BACKUP_INVALID');
        expect(ended.stdout).toContain(reason);
        await expect(stat(empty)).rejects.toThrow('ENOENT');
      };
      const file = join(backup, blob?.path ?? '');
      const bytes = await readFile(file);
      await writeFile(
        file,
        Buffer.concat([bytes.subarray(0, -1), Buffer.from([1 ^ (bytes.at(-1) ?? 0)])]),
      );
      await refused('has other bytes');
      await truncate(file, bytes.length - 1);
      await refused(`not ${bytes.length}`);
      await writeFile(file, bytes);
      await writeFile(manifestFile, text.slice(0, -100));
      await refused('manifest.json');
      await writeFile(manifestFile, text.replace(/"data\/api-token"/, '"data/../../api-token"'));
      await refused('no path of a backup');
      await rm(manifestFile);
      await refused('written last');
      await writeFile(manifestFile, text);
    },
  );

  it.each(full)(
    'with the newest signing log: nothing is signed twice, and new runs are played',
    async () => {
      const { federation, backup } = drill;
      expect(await federation.stopServers()).toBe(0);
      await drill.wipe('signing.log');
      const restored = await drill.tally('restore', backup);
      expect(restored.json()).toMatchObject({ signingLog: 'kept' });
      await federation.upAgain();
      const { status, reason } = await drill.ended(0);
      expect(status).toBe('failed');
      expect(reason).toContain('ROUND_SIGNED_BEFORE');
      const { run } = await federation.launch(drill.spec);
      const rounds = await federation.finished(run); // the failed run is not in its way to the chain
      expect(rounds.map(({ modelAfter }) => modelAfter)).toEqual(drill.expected);
      expect(await drill.accusations()).toEqual([]);
    },
  );

  it.each(full)(
    'with the log of the backup alone: open runs end, and no site is asked again',
    async () => {
      const { federation, backup } = drill;
      expect(await federation.stopServers()).toBe(0);
      await drill.wipe('nothing');
      const restored = await drill.tally('restore', backup);
      expect(restored.json()).toMatchObject({ signingLog: 'unknown' });
      await federation.upAgain();
      const { status, reason } = await drill.ended(0);
      expect(status).toBe('failed');
      expect(reason).toContain('ROUND_RUN_RESTORED');
      expect(await drill.accusations()).toEqual([]);
      expect(await federation.stop()).toBe(0);
    },
  );
});
