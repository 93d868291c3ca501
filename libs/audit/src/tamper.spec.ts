import type { Hash } from '@tallystick/kernel';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { testBundle, type TestBundle } from './testing/fixture/test-bundle.js';
import { isFound, observe, tamper } from './testing/judge.js';
import { type Expectation, type Manipulation, MANIPULATIONS } from './testing/manipulations.js';
import { REFUSED_COMMITS, tryCommits } from './testing/manipulations/refused-commits.js';
import { targetNames, targetOf } from './testing/manipulations/targets.js';
import { type Evidence, openEvidence, releasedRuntimes } from './testing/operator/evidence.js';
import { rememberedChain } from './testing/remembered-chain.js';
import { Scratch } from './testing/scratch.js';
import { tamperRows } from './testing/tamper-bench.js';
import { ALL_STEPS, type StepTable, verifyWith } from './verify-bundle.js';

describe('manipulations', () => {
  const scratch = new Scratch();
  const steps: StepTable = { ...ALL_STEPS, chain: rememberedChain() };
  let bundle: TestBundle;
  let evidence: Evidence;
  let knownRuntimes: ReadonlySet<Hash>;

  beforeAll(async () => {
    bundle = await testBundle();
    evidence = await openEvidence(bundle.folder, steps.chain);
    knownRuntimes = await releasedRuntimes();
  }, 60_000);
  afterEach(() => scratch.dispose());
  afterAll(() => bundle.remove());

  const tampered = async (manipulation: Manipulation): ReturnType<typeof tamper> => {
    const folder = await scratch.copyOf(bundle.folder);
    const { keys, anchors } = bundle;
    return tamper(manipulation, { folder, evidence, keys, anchors, knownRuntimes });
  };

  for (const manipulation of MANIPULATIONS) {
    const { name, level } = manipulation;
    it(`E: ${level}: ${name}`, async () => {
      const { options, expected } = await tampered(manipulation);
      const { step, round, record, by } = expected;
      const seen = await observe(options, steps);
      const found = {
        exit: Number(step?.slice(1)),
        ...{ step, round, record, by },
        isDamaged: level === 'raw',
      };
      const cut = {
        ...seen,
        record: seen.record?.slice(0, record.length),
        by: by && seen.by,
      };
      expect(cut).toEqual(step ? found : { exit: 66, record });
      expect(isFound(seen, expected)).toBe(true);
      expect(targetOf(name).foundBy).toBe(step ?? 'manifest');
    });
  }

  it('E: a manipulation that nobody finds, or that is named otherwise, is not counted as found', () => {
    const expected: Expectation = { step: 'V4', round: 1, record: 'receipt of', by: 'coordinator' };
    const seen = { exit: 4, step: 'V4', round: 1, record: 'receipt of node 0', by: 'coordinator' };
    expect(isFound(seen, expected)).toBe(true);
    for (const lie of [
      { exit: 0 },
      { step: 'V3', exit: 3 },
      { round: 2 },
      { record: 'update of node 0' },
      { by: 'holder of the files' },
    ]) {
      expect(isFound({ ...seen, ...lie }, expected)).toBe(false);
    }
  });

  it('E: the pallet refuses what the coordinator signs and commits with its real keys', async () => {
    const seen: unknown[] = [];
    for await (const { commit, error } of tryCommits(evidence, bundle.keys)) {
      seen.push([commit.name, error]);
    }
    expect(seen).toEqual(REFUSED_COMMITS.map(({ name, error }) => [name, error]));
  }, 60_000);

  it('E: a commit that nothing is wrong with is not refused', async () => {
    const honest = { name: 'nothing', error: 'none' };
    const seen: unknown[] = [];
    for await (const { error } of tryCommits(evidence, bundle.keys, [honest])) seen.push(error);
    expect(seen).toEqual([undefined]);
  });

  it('E: the table covers what it has to', () => {
    const rows = tamperRows();
    const names = rows.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(targetNames())).toEqual(new Set(names));
    const distinct = new Set(rows.map(({ actor, object, field }) => `${actor}/${object}/${field}`));
    expect(distinct.size).toBe(names.length);
    expect(distinct.size).toBeGreaterThanOrEqual(60);
    expect(rows.filter(({ isRepaired }) => isRepaired).length).toBeGreaterThanOrEqual(20);
    const byCoordinator = rows.filter(({ actor }) => actor === 'coordinator');
    expect(byCoordinator.length).toBeGreaterThanOrEqual(10);
    const actors = ['holder', 'database', 'account', 'coordinator', 'chain operator', 'node'];
    expect(new Set(rows.map(({ actor }) => actor))).toEqual(new Set(actors));
    for (const level of ['raw', 'repaired']) {
      expect(MANIPULATIONS.filter((m) => m.level === level).length).toBeGreaterThanOrEqual(25);
    }
  });

  /** For each step a manipulation that it alone finds. */
  const ALONE: readonly (readonly [string, string])[] = [
    ['V1', 'a block sealed by another key'],
    ['V2', 'the header signature changed and listed anew'],
    ['V3', 'silence turned into lateness, listed anew'],
    ['V4', 'a better loss in a receipt, everything made to fit'],
    ['V5', 'a member left out of the cohort'],
    ['V6', 'a blob added and listed'],
    ['V7', 'another unit of weight'],
    ['V8', 'a model of the operator’s own, everything made to fit'],
    ['V9', 'a slow node given up before the deadline'],
  ];
  for (const [step, name] of ALONE) {
    it(`E: a verifier without ${step} misses it: ${name}`, async () => {
      const manipulation = MANIPULATIONS.find((candidate) => candidate.name === name);
      if (manipulation === undefined) throw new Error(`there is no ${name}`);
      const { options, expected } = await tampered(manipulation);
      expect(expected.step).toBe(step);
      const blind: StepTable = {
        chain: step === 'V1' ? () => Promise.resolve(evidence.history.chain) : steps.chain,
        after: ALL_STEPS.after.filter(({ id }) => id !== step),
      };
      expect((await verifyWith(blind, options)).finding).toBeNull();
      expect((await verifyWith(steps, options)).finding?.step).toBe(step);
    });
  }
});
