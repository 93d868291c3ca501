import { type Hash, isTallyError } from '@tallystick/kernel';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { exitCodeOf } from './report.js';
import { anchorsFor } from './testing/anchors-for.js';
import { testBundle, type TestBundle } from './testing/fixture/test-bundle.js';
import { type Expectation, type Manipulation, MANIPULATIONS } from './testing/manipulations.js';
import { type Evidence, openEvidence, releasedRuntimes } from './testing/operator/evidence.js';
import { TamperedBundle } from './testing/operator/tampered-bundle.js';
import { Scratch } from './testing/scratch.js';
import { ALL_STEPS, type StepTable, verifyBundle, verifyWith } from './verify-bundle.js';

describe('manipulations', () => {
  const scratch = new Scratch();
  let bundle: TestBundle;
  let evidence: Evidence;
  let knownRuntimes: ReadonlySet<Hash>;

  beforeAll(async () => {
    bundle = await testBundle();
    evidence = await openEvidence(bundle.folder);
    knownRuntimes = await releasedRuntimes();
  }, 60_000);
  afterEach(() => scratch.dispose());
  afterAll(() => bundle.remove());

  const tamper = async (
    manipulation: Manipulation,
  ): Promise<{ options: Parameters<typeof verifyBundle>[0]; expected: Expectation }> => {
    const folder = await scratch.copyOf(bundle.folder);
    const tampered = new TamperedBundle(folder, evidence, bundle.keys);
    const expected = await manipulation.apply(tampered);
    if (expected === undefined) throw new Error('this bundle has nothing of the kind');
    const { length } = evidence.history.rounds;
    const anchors = anchorsFor(manipulation.anchors, bundle.anchors, length);
    return { options: { folder, anchors, knownRuntimes }, expected };
  };

  /** Exit code and finding in the words of an expectation; a record is cut to what is expected of it. */
  const observe = async (
    options: Parameters<typeof verifyBundle>[0],
    { record, by }: Expectation,
  ): Promise<unknown> => {
    try {
      const report = await verifyBundle(options);
      const { finding, damaged } = report;
      return {
        exit: exitCodeOf(report),
        step: finding?.step,
        round: finding?.round,
        record: finding?.record.slice(0, record.length),
        by: by && finding?.by,
        isDamaged: damaged.length > 0,
      };
    } catch (error) {
      if (!isTallyError(error, 'AUDIT_BUNDLE_MALFORMED')) throw error;
      return { exit: 66, record: error.meta['path'] };
    }
  };

  for (const manipulation of MANIPULATIONS) {
    const { name, level } = manipulation;
    it(`E: ${level}: ${name}`, async () => {
      const { options, expected } = await tamper(manipulation);
      const { step, round, record, by } = expected;
      const found = {
        exit: Number(step?.slice(1)),
        ...{ step, round, record, by },
        isDamaged: level === 'raw',
      };
      expect(await observe(options, expected)).toEqual(step ? found : { exit: 66, record });
    });
  }

  it('E: the table covers what it has to', () => {
    const names = MANIPULATIONS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
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
      const { options, expected } = await tamper(manipulation);
      expect(expected.step).toBe(step);
      const blind: StepTable = {
        chain: step === 'V1' ? () => Promise.resolve(evidence.history.chain) : ALL_STEPS.chain,
        after: ALL_STEPS.after.filter(({ id }) => id !== step),
      };
      expect((await verifyWith(blind, options)).finding).toBeNull();
      expect((await verifyBundle(options)).finding?.step).toBe(step);
    });
  }
});
