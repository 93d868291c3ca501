/**
 * C. `simulate` in one process and a federation of processes give the same 15 models for one seed, in disjoint folders; a
 * changed CSV changes both, and they are equal again.
 */
import { copyFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { RunReport } from './harness/api-types.js';
import { Federation } from './harness/federation.js';
import { HeartCopy } from './harness/heart.js';
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
