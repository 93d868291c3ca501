import type { Hash } from '@tallystick/kernel';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NO_ANCHORS } from './testing/anchors-for.js';
import { BOWL } from './testing/fixture/settled-epoch.js';
import type { TestBundle } from './testing/fixture/test-bundle.js';
import { isFound, observe, tamper } from './testing/judge.js';
import { PAY_MANIPULATIONS } from './testing/manipulations.js';
import { claim, settle } from './testing/manipulations/paid-run.js';
import { REFUSED_PAY, tryPay } from './testing/manipulations/refused-pay.js';
import { targetOf } from './testing/manipulations/targets.js';
import { type Evidence, openEvidence, releasedRuntimes } from './testing/operator/evidence.js';
import { rememberedChain } from './testing/remembered-chain.js';
import { Scratch } from './testing/scratch.js';
import { scoredBundle, weighedBundle } from './testing/tamper-bench.js';
import { ALL_STEPS, type StepTable, verifyBundle } from './verify-bundle.js';

describe('manipulations of pay', () => {
  const scratch = new Scratch();
  const steps: StepTable = { ...ALL_STEPS, chain: rememberedChain() };
  let bundle: TestBundle;
  let evidence: Evidence;
  let knownRuntimes: ReadonlySet<Hash>;
  const openValidation = () => Promise.resolve(BOWL);

  beforeAll(async () => {
    bundle = await scoredBundle();
    evidence = await openEvidence(bundle.folder, steps.chain);
    knownRuntimes = await releasedRuntimes();
  }, 60_000);
  afterEach(() => scratch.dispose());
  afterAll(() => bundle.remove());

  it('the honest settlement, under a cap that somebody reaches, passes every step', async () => {
    const { folder } = bundle;
    const options = { folder, anchors: NO_ANCHORS, knownRuntimes, openValidation };
    const { finding, steps } = await verifyBundle(options);
    expect(finding).toBeNull();
    expect(steps.at(-1)).toMatchObject({ step: 'V11', outcome: 'passed' });
  });

  for (const manipulation of PAY_MANIPULATIONS) {
    it(`E: ${manipulation.level}: ${manipulation.name}`, async () => {
      const folder = await scratch.copyOf(bundle.folder);
      const { keys, anchors } = bundle;
      const place = { folder, evidence, keys, anchors, knownRuntimes, openValidation };
      const { options, expected } = await tamper(manipulation, place);
      const seen = await observe(options, steps);
      expect({ ...seen, isFound: isFound(seen, expected) }).toMatchObject({
        step: expected.step,
        isFound: true,
        isDamaged: manipulation.level === 'raw',
      });
      expect(targetOf(manipulation.name).foundBy).toBe(expected.step);
    });
  }
});

describe('calls about money', () => {
  let bundle: TestBundle;
  let evidence: Evidence;

  beforeAll(async () => {
    bundle = await weighedBundle();
    evidence = await openEvidence(bundle.folder);
  }, 60_000);
  afterAll(() => bundle.remove());

  it('E: the pallet refuses what is not owed, not due, not theirs, or not true', async () => {
    const seen: unknown[] = [];
    for await (const { call, error } of tryPay(evidence, bundle.keys)) {
      seen.push([call.name, error]);
    }
    const byName = (a: unknown, b: unknown): number => (String(a) < String(b) ? -1 : 1);
    const wanted = REFUSED_PAY.map(({ name, error }) => [name, error]);
    expect(seen.toSorted(byName)).toEqual(wanted.toSorted(byName));
  }, 60_000);

  it('E: a settlement and a claim that nothing is wrong with are not refused', async () => {
    const honest = [
      { name: 'a settlement', error: 'none', stage: 'counted', call: settle(() => ({})) },
      { name: 'a claim', error: 'none', stage: 'final', call: claim(() => ({})) },
    ] as const;
    for (const call of honest) {
      const seen: unknown[] = [];
      for await (const { error } of tryPay(evidence, bundle.keys, [call])) seen.push(error);
      expect(seen).toEqual([undefined]);
    }
  }, 60_000);
});
