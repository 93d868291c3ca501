/**
 * J. Two of seven sites send twenty times what they learnt, as processes with the keys of members: the mean follows them,
 * Multi-Krum and a clip do not. Every model is the one that the same liars give in one process, and every round verifies.
 *
 * TALLY_E2E_FULL=1 adds the other lies: the update turned round ten times as long, noise instead of it, labels flipped.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DigitsCopy } from './harness/digits.js';
import { expectClear } from './harness/errors-page.js';
import { Federation } from './harness/federation.js';
import { useStage } from './harness/use-stage.js';

const isFull = process.env['TALLY_E2E_FULL'] === '1';
const SITES = 7;
const LIARS = ['site-01', 'site-02'];
const ROUNDS = 6;
const EXIT_CONFIG = 78;
const RULES = {
  mean: '',
  multiKrum: 'robust: { attackers: 2 }',
  clip: 'clip: { norm: 2 }',
};
type Rule = keyof typeof RULES;

/** What e2e/attacker/simulate.mjs prints. */
interface Simulated {
  readonly models: readonly string[];
  readonly accuracy: number;
  readonly failure: string | null;
}

describe('liars', () => {
  let federation: Federation;
  let digits: DigitsCopy;
  const stage = useStage(async (opened) => {
    digits = await DigitsCopy.at(opened.path('digits'), SITES);
    federation = await Federation.start(opened);
    for (const site of digits.sites) await federation.join(site);
    await lie('scale');
    const honest = digits.sites.filter(({ name }) => !LIARS.includes(name));
    await Promise.all(honest.map(({ name }) => federation.startNode(name)));
  });

  /** Starts the liars' nodes, or starts them anew with another lie. */
  async function lie(attack: string): Promise<void> {
    await Promise.all(
      LIARS.map(async (name) => {
        const before = federation.nodes.get(name);
        before?.child.kill('SIGTERM');
        await before?.ended;
        await federation.startNode(name, attack);
      }),
    );
  }

  /** The run in one process, with the same liars. */
  async function simulated(file: string, attack: string): Promise<Simulated> {
    const liars = LIARS.flatMap((name) => ['--liar', name]);
    const args = [file, '--attack', attack, ...liars];
    const ended = await stage().start('e2e/attacker/simulate.mjs', args).ended;
    expect(ended.code, ended.stderr).toBe(0);
    return ended.json<Simulated>();
  }

  /** Models of a run of processes, each round verified with the logs of all nodes. */
  async function audited(run: number): Promise<readonly string[]> {
    const rounds = await federation.finished(run);
    const bundle = stage().path(`bundle-${run}`);
    const exported = ['audit', 'export', String(run), bundle, '--data', federation.data];
    expect(await stage().run(exported)).toMatchObject({ code: 0 });
    const anchors = digits.sites.flatMap(({ name }) => {
      return ['--as-node', join(federation.folderOf(name), 'receipts.log')];
    });
    const audit = await stage().run(['audit', 'verify', bundle, ...anchors]);
    expect(audit.json(), audit.stderr).toMatchObject({ verdict: 'VERIFIED', finding: null });
    return rounds.map(({ modelAfter }) => modelAfter);
  }

  async function launch(rule: Rule): Promise<{ file: string; run: number }> {
    const { file, text } = await digits.write(rule, ROUNDS, RULES[rule]);
    const { run } = await federation.launch(text);
    return { file, run };
  }

  it('J: the mean follows those who send twenty times their update, Multi-Krum and a clip do not', async () => {
    const rules: readonly Rule[] = ['mean', 'multiKrum', 'clip'];
    const runs = await Promise.all(rules.map(launch));
    const accuracy: number[] = [];
    for (const { file, run } of runs) {
      const expected = await simulated(file, 'scale');
      expect(await audited(run)).toEqual(expected.models);
      expect(expected).toMatchObject({ failure: null, models: { length: ROUNDS } });
      accuracy.push(expected.accuracy);
    }
    const clean = await simulated(runs[0]?.file ?? '', 'none');
    const [mean = 100, multiKrum = 0, clip = 0] = accuracy;
    expect(mean).toBeLessThan(clean.accuracy - 20);
    expect(multiKrum).toBeGreaterThan(clean.accuracy - 2);
    expect(clip).toBeGreaterThan(clean.accuracy - 5);
  });

  it.runIf(isFull)('J: Multi-Krum withstands every other lie', async () => {
    const { file, text } = await digits.write('multiKrum', ROUNDS, RULES.multiKrum);
    const clean = await simulated(file, 'none');
    for (const attack of ['sign10', 'gauss', 'none']) {
      await lie(attack);
      if (attack === 'none') await flipLabels();
      const { run } = await federation.launch(text);
      const expected = await simulated(file, attack);
      expect(await audited(run), attack).toEqual(expected.models);
      expect(expected.accuracy, attack).toBeGreaterThan(clean.accuracy - 2);
    }
  });

  /** 9 − digit in the train rows of the liars. */
  async function flipLabels(): Promise<void> {
    for (const { name, csv } of digits.sites) {
      if (!LIARS.includes(name)) continue;
      const honest = await readFile(csv, 'utf8');
      const flipped = honest.replace(
        /,(\d),train$/gm,
        (_row, digit) => `,${9 - Number(digit)},train`,
      );
      expect(flipped).not.toBe(honest);
      await writeFile(csv, flipped);
    }
  }

  it.each([
    ['robust: { attackers: 2, tolerance: 1 }', 'tolerance: 1', 'the 2 declared attackers'],
    ['robust: { attackers: 3 }', 'min: 7', 'must be at least 9'],
    ['robust: { rule: bulyan, attackers: 2 }', 'min: 7', 'must be at least 11'],
  ])('J: refuses %s with line and column', async (more, part, reason) => {
    const { file, text } = await digits.write('refused', ROUNDS, more);
    const lines = text.split('\n');
    const line = lines.findIndex((one) => one.includes(part));
    const column = (lines[line]?.indexOf(part) ?? 0) + 1;
    const told = await stage().run(['run', 'launch', file, '--data', federation.data]);
    expect(told.code, told.stderr).toBe(EXIT_CONFIG);
    const { error } = told.json<{ error: unknown }>();
    expectClear(error, 'CONFIG_RUN_SPEC_INVALID', file, `:${line + 1}:${column}`, reason);
  });
});
