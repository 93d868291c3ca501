/**
 * J. Two of seven sites send twenty times what they learnt, as processes with the keys of members: the mean follows them,
 * Multi-Krum and a clip do not. Every model is the one that the same liars give in one process, and every round verifies.
 *
 * TALLY_E2E_FULL=1 adds four liars among twenty sites, and the other lies: the update turned round and ten times as long,
 * noise instead of it, labels flipped.
 */
import { describe, expect, it } from 'vitest';
import { expectClear } from './harness/errors-page.js';
import { Liars } from './harness/liars.js';
import { useStage } from './harness/use-stage.js';

const isFull = process.env['TALLY_E2E_FULL'] === '1';
const ROUNDS = 6;
const EXIT_CONFIG = 78;
const RULES = {
  mean: '',
  multiKrum: 'robust: { attackers: 2 }',
  clip: 'clip: { norm: 2 }',
};

describe('liars', () => {
  let liars: Liars;
  const stage = useStage(async (opened) => {
    liars = await Liars.start(opened, { sites: 7, liars: 2 });
    await liars.lie('scale');
  });

  async function launch(rule: keyof typeof RULES): Promise<{ file: string; run: number }> {
    const { file, text } = await liars.digits.write(rule, ROUNDS, RULES[rule]);
    const { run } = await liars.federation.launch(text);
    return { file, run };
  }

  it('J: the mean follows those who send twenty times their update, Multi-Krum and a clip do not', async () => {
    const runs = [await launch('mean'), await launch('multiKrum'), await launch('clip')];
    const accuracy: number[] = [];
    for (const { file, run } of runs) {
      const expected = await liars.simulated(file, 'scale');
      expect(expected).toMatchObject({ failure: null, models: { length: ROUNDS } });
      expect(await liars.audited(run)).toEqual(expected.models);
      accuracy.push(expected.accuracy);
    }
    const clean = await liars.simulated(runs[0]?.file ?? '', 'none');
    const [mean = 100, multiKrum = 0, clip = 0] = accuracy;
    expect(mean).toBeLessThan(clean.accuracy - 20);
    expect(multiKrum).toBeGreaterThan(clean.accuracy - 2);
    expect(clip).toBeGreaterThan(clean.accuracy - 5);
  });

  it.each([
    ['robust: { attackers: 2, tolerance: 1 }', 'tolerance: 1', 'the 2 declared attackers'],
    ['robust: { attackers: 3 }', 'min: 7', 'must be at least 9'],
    ['robust: { rule: bulyan, attackers: 2 }', 'min: 7', 'must be at least 11'],
  ])('J: refuses %s with line and column', async (more, part, reason) => {
    const { file, text } = await liars.digits.write('refused', ROUNDS, more);
    const lines = text.split('\n');
    const line = lines.findIndex((one) => one.includes(part));
    const column = (lines[line]?.indexOf(part) ?? 0) + 1;
    const { data } = liars.federation;
    const told = await stage().run(['run', 'launch', file, '--data', data]);
    expect(told.code, told.stderr).toBe(EXIT_CONFIG);
    const { error } = told.json<{ error: unknown }>();
    expectClear(error, 'CONFIG_RUN_SPEC_INVALID', file, `:${line + 1}:${column} `, reason);
  });
});

describe.each(isFull ? ['four liars among twenty'] : [])('%s', () => {
  let liars: Liars;
  useStage(async (opened) => {
    liars = await Liars.start(opened, { sites: 20, liars: 4 });
  });

  it('J: Multi-Krum withstands every lie', async () => {
    const spec = await liars.digits.write('multiKrum', ROUNDS, 'robust: { attackers: 4 }');
    const clean = await liars.simulated(spec.file, 'none');
    // A site with wrong labels is an honest node with another file; nobody is left to be turned back after it.
    for (const attack of ['scale', 'sign10', 'gauss', 'none']) {
      await liars.lie(attack);
      if (attack === 'none') await liars.flipLabels();
      const { run } = await liars.federation.launch(spec.text);
      const expected = await liars.simulated(spec.file, attack);
      expect(await liars.audited(run), attack).toEqual(expected.models);
      expect(expected.accuracy, attack).toBeGreaterThan(clean.accuracy - 1);
    }
  });
});
