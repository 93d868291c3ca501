import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { utf8 } from '@tallystick/kernel';
import { decodeSheet, encodeSheet, type ScoreSheet, type Validation } from '@tallystick/payout';
import { SCORES, signRecord } from '@tallystick/record';
import { sha256 } from '@tallystick/kernel/node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { epochFiles } from './bundle/epoch-evidence.js';
import { blobPath, epochPath } from './bundle/layout.js';
import type { AuditReport } from './report.js';
import { previewRewards } from './rewards/preview-rewards.js';
import { NO_ANCHORS } from './testing/anchors-for.js';
import { BOWL, EPOCH_BUDGET, type SettlingLies } from './testing/fixture/settled-epoch.js';
import { testBundle, type TestBundle } from './testing/fixture/test-bundle.js';
import { type Evidence, openEvidence, releasedRuntimes } from './testing/operator/evidence.js';
import { TamperedBundle } from './testing/operator/tampered-bundle.js';
import { Scratch } from './testing/scratch.js';
import { checkEntitlements } from './steps/v10-payouts.js';
import { ALL_STEPS, type StepTable, verifyBundle, verifyWith } from './verify-bundle.js';

const openBowl = (): Promise<Validation> => Promise.resolve(BOWL);
const SHEET = epochPath(0, 'scores.json');

/** A tenth less to the first that is paid. */
function poorer(sheet: ScoreSheet): ScoreSheet {
  const index = sheet.scores.findIndex(({ score }) => score > 0n);
  const scores = sheet.scores.map((each, i) =>
    i === index ? { ...each, score: (each.score * 9n) / 10n } : each,
  );
  return { ...sheet, scores };
}

/** Verifiers that lack one check each. */
const WITHOUT_V10: StepTable = {
  ...ALL_STEPS,
  after: ALL_STEPS.after.filter(({ id }) => id !== 'V10'),
};
const WITHOUT_SHEETS: StepTable = {
  ...ALL_STEPS,
  after: ALL_STEPS.after.map((each) =>
    each.id === 'V10' ? { id: 'V10' as const, step: checkEntitlements } : each,
  ),
};

describe('a run that pays by contribution', () => {
  let bundle: TestBundle;
  let evidence: Evidence;
  const scratch = new Scratch();

  beforeAll(async () => {
    bundle = await testBundle({ settles: {} });
    evidence = await openEvidence(bundle.folder);
  }, 60_000);
  afterEach(() => scratch.dispose());
  afterAll(() => bundle.remove());

  async function audit(folder: string, steps?: StepTable): Promise<AuditReport> {
    const knownRuntimes = await releasedRuntimes();
    const options = { folder, anchors: NO_ANCHORS, knownRuntimes, openValidation: openBowl };
    return steps === undefined ? verifyBundle(options) : verifyWith(steps, options);
  }

  async function edited(edit: (copy: TamperedBundle) => Promise<void>): Promise<string> {
    const folder = await scratch.copyOf(bundle.folder);
    const copy = new TamperedBundle(folder, evidence, bundle.keys);
    await edit(copy);
    await copy.repairManifest();
    return folder;
  }

  it('verifies with its measurements, and the sheet pays the budget to the unit', async () => {
    const report = await audit(bundle.folder);
    expect(report.finding).toBeNull();
    expect(report.steps.at(-1)).toMatchObject({ step: 'V11', outcome: 'passed', checked: 3 });
    const [epoch] = evidence.history.epochs;
    expect(epoch?.record.value.total).toBe(EPOCH_BUDGET);
    expect(epoch?.entitlements.reduce((sum, { cumulative }) => sum + cumulative, 0n)).toBe(
      EPOCH_BUDGET,
    );
    const knownRuntimes = await releasedRuntimes();
    const preview = await previewRewards({ folder: bundle.folder, knownRuntimes });
    expect(preview.entitlements).toEqual(epoch?.entitlements);
    expect(preview.epochs).toMatchObject([{ epoch: 0, isSettled: true }]);
  });

  it('without --metrics V11 is not played and not listed', async () => {
    const knownRuntimes = await releasedRuntimes();
    const { folder } = bundle;
    const report = await verifyBundle({ folder, anchors: NO_ANCHORS, knownRuntimes });
    expect(report.steps.map(({ step }) => step)).not.toContain('V11');
  });

  it('E: a sheet edited by whoever holds the files is not laid at the coordinator’s door', async () => {
    const folder = await edited(async (copy) => {
      const sheet = decodeSheet(new TextDecoder().decode(await copy.read(SHEET)));
      if (sheet === undefined) throw new Error('no sheet');
      await copy.write(SHEET, utf8(encodeSheet(poorer(sheet))));
    });
    const { finding } = await audit(folder);
    expect(finding).toMatchObject({ step: 'V10', record: SHEET, by: 'holder of the files' });
  });

  it('E: another signature under the sheet is the holder’s', async () => {
    const folder = await edited((copy) => copy.flip(epochPath(0, 'scores.bin'), -1));
    const { finding } = await audit(folder);
    const record = epochPath(0, 'scores.bin');
    expect(finding).toMatchObject({ step: 'V10', record, by: 'holder of the files' });
  });

  it('E: a gradient file that is changed or gone is the holder’s', async () => {
    const sheet = decodeSheet(await readFile(join(bundle.folder, SHEET), 'utf8'));
    const id = sheet?.rounds[0]?.novel ?? '';
    const record = `gradient (${blobPath(id)})`;
    for (const edit of [
      (copy: TamperedBundle) => copy.flip(blobPath(id), -9),
      (copy: TamperedBundle) => copy.remove(blobPath(id)),
    ]) {
      const { finding } = await audit(await edited(edit));
      expect(finding).toMatchObject({ step: 'V10', record, by: 'holder of the files' });
    }
  });

  it('E: a sheet signed anew by the coordinator that pays another is the coordinator’s', async () => {
    const folder = await edited(async (copy) => {
      const [epoch] = evidence.history.epochs;
      const scores = epoch?.scores;
      const sheet = scores && decodeSheet(new TextDecoder().decode(scores.sheet));
      if (epoch === undefined || scores === undefined || sheet === undefined) throw new Error();
      const text = utf8(encodeSheet(poorer(sheet)));
      const value = { ...scores.record.value, sheet: sha256(text) };
      const { signature } = signRecord(SCORES, value, bundle.keys.coordinator);
      const changed = { ...epoch, scores: { record: { value, signature }, sheet: text } };
      for (const [file, bytes] of epochFiles(changed)) {
        await writeFile(join(copy.folder, epochPath(0, file)), bytes);
      }
    });
    expect((await audit(folder)).finding).toMatchObject({
      step: 'V10',
      record: SHEET,
      found: 'its scores are not those of its evidence',
      by: 'coordinator',
    });
    expect((await audit(folder, WITHOUT_V10)).finding).toBeNull();
  });

  it('E: a validation set that is not the one of the spec is missed at once', async () => {
    const { payout } = evidence.history.spec;
    const id = payout?.validation?.sha256 ?? '';
    const folder = await edited((copy) => copy.flip(blobPath(id), -1));
    const record = `validation set (${blobPath(id)})`;
    expect((await audit(folder)).finding).toMatchObject({ step: 'V11', record });
  });
});

describe('a coordinator that settles by a lie, with its real keys', () => {
  let bundle: TestBundle | undefined;
  afterEach(() => bundle?.remove());

  async function audit(settles: SettlingLies, steps?: StepTable): Promise<AuditReport> {
    bundle ??= await testBundle({ settles });
    const { folder } = bundle;
    const knownRuntimes = await releasedRuntimes();
    const options = { folder, anchors: NO_ANCHORS, knownRuntimes, openValidation: openBowl };
    return steps === undefined ? verifyBundle(options) : verifyWith(steps, options);
  }
  afterEach(() => {
    bundle = undefined;
  });

  it('E: one score changed, entitlements to match: V10 names it, and nothing else would', async () => {
    const settles = { sheet: poorer };
    const { finding } = await audit(settles);
    expect(finding).toMatchObject({ step: 'V10', record: SHEET, by: 'coordinator' });
    expect((await audit(settles, WITHOUT_SHEETS)).finding).toBeNull();
  });

  it('E: false measurements, scores to match: V11 names it, and V10 would not', async () => {
    const validation = { ...BOWL, gradientAt: flat };
    const { finding } = await audit({ validation });
    expect(finding).toMatchObject({ step: 'V11', record: SHEET, by: 'coordinator' });
    expect(finding?.found).toMatch(/novel gradient is not that of the validation set/);
    expect((await audit({ validation }, ALL_STEPS)).finding).toBeNull();
  });
});

/** Pays whoever moves the first weight down. */
function flat(weights: Float32Array): Promise<Float64Array> {
  return Promise.resolve(Float64Array.from(weights, (_, j) => (j === 0 ? 1 : 0)));
}
