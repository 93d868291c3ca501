/**
 * C. `simulate` in one process and a federation of processes give the same 15 models for one seed, in disjoint folders; a
 * changed CSV changes both, and they are equal again. So do runs whose sites carry something from round to round.
 */
import { copyFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { RunReport } from './harness/api-types.js';
import { Federation } from './harness/federation.js';
import { HeartCopy, SMALL } from './harness/heart.js';
import { useStage } from './harness/use-stage.js';

describe('simulated and distributed', () => {
  let federation: Federation;
  let heart: HeartCopy;
  let whole: readonly string[];
  const stage = useStage(async (opened) => {
    heart = await HeartCopy.at(opened.path('heart'));
    federation = await Federation.start(opened);
    await federation.populate(heart.sites);
  });

  async function simulated(at: HeartCopy): Promise<readonly string[]> {
    const ended = await stage().run(['simulate', at.folder]);
    expect(ended.code).toBe(0);
    const report = ended.json<RunReport>();
    expect(report).toMatchObject({ verdict: 'SIMULATED', chain: null, rounds: 15 });
    expect(report.sites).toHaveLength(4);
    expect(report.pooledAccuracy).toBeGreaterThan(0.5);
    return report.roundModels;
  }

  async function distributed(): Promise<readonly string[]> {
    const { run } = await federation.launch(await heart.runYaml(), '1000');
    const rounds = await federation.finished(run);
    return rounds.map(({ modelAfter }) => modelAfter);
  }

  it('C: the same 15 models', async () => {
    whole = await simulated(await HeartCopy.at(stage().path('elsewhere')));
    expect(whole).toHaveLength(15);
    expect(await distributed()).toEqual(whole);
  });

  /** Runs whose sites carry something from round to round, or divide by their steps. */
  const carrying: readonly (readonly [string, readonly (readonly [RegExp, string])[]])[] = [
    ['SCAFFOLD', [[/^ {2}fedAdagrad: .*$/m, '  scaffold: {}']]],
    [
      'FedNova and uneven steps',
      [
        [/^ {2}fedAdagrad: .*$/m, '  fedNova: {}'],
        [/^ {2}steps: .*$/m, '  epochs: 1'],
      ],
    ],
    ['i8 and error feedback', [[/^seed: .*$/m, 'numeric: { codec: i8 }']]],
    ['top-k and error feedback', [[/^seed: .*$/m, 'numeric: { codec: i16, topPpm: 200000 }']]],
  ];
  it.each(carrying)('C: the same models with %s; the evidence verifies', async (name, edits) => {
    const id = name.replaceAll(/[^A-Za-z0-9]+/g, '-');
    const other = await HeartCopy.at(stage().path(id));
    const text = await other.editRun(...SMALL, ...edits);
    const ended = await stage().run(['simulate', other.folder]);
    expect(ended.code, ended.stderr).toBe(0);
    const models = ended.json<RunReport>().roundModels;
    expect(new Set(models).size).toBe(3);
    const { run } = await federation.launch(text, '1000');
    const rounds = await federation.finished(run);
    expect(rounds.map(({ modelAfter }) => modelAfter)).toEqual(models);
    const bundle = stage().path(`bundle-${id}`);
    const exported = ['audit', 'export', String(run), bundle, '--data', federation.data];
    expect(await stage().run(exported)).toMatchObject({ code: 0 });
    const audit = await stage().run(['audit', 'verify', bundle]);
    expect(audit.json<{ verdict: string; finding: unknown }>()).toMatchObject({
      verdict: 'CONSISTENT',
      finding: null,
    });
  });

  it('C: a changed CSV changes both, and they are equal again', async () => {
    const other = await HeartCopy.at(stage().path('changed'));
    await other.editRows('hungarian', (rows) =>
      rows.map((row, i) => (i === 7 ? { ...row, age: String(Number(row['age']) + 20) } : row)),
    );
    const changed = await simulated(other);
    expect(changed.at(-1)).not.toBe(whole.at(-1));
    await copyFile(`${other.folder}/hungarian.csv`, `${heart.folder}/hungarian.csv`);
    expect(await distributed()).toEqual(changed);
  });
});
