import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Hash, isTallyError } from '@tallystick/kernel';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Anchors } from './anchors.js';
import { exitCodeOf } from './report.js';
import { testBundle, type TestBundle } from './testing/fixture/test-bundle.js';
import { MANIPULATIONS, type AnchorChoice } from './testing/manipulations.js';
import { type Evidence, openEvidence, releasedRuntimes } from './testing/operator/evidence.js';
import { TamperedBundle } from './testing/operator/tampered-bundle.js';
import { verifyBundle } from './verify-bundle.js';

describe('manipulations', () => {
  let bundle: TestBundle;
  let evidence: Evidence;
  let knownRuntimes: ReadonlySet<Hash>;
  let root: string;

  beforeAll(async () => {
    bundle = await testBundle();
    evidence = await openEvidence(bundle.folder);
    knownRuntimes = await releasedRuntimes();
  }, 60_000);
  afterAll(() => bundle.remove());

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tally-tamper-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const anchorsOf = (choice: AnchorChoice): Anchors => {
    if (choice === 'none') return { nodeKeys: [], logs: [] };
    const last = evidence.history.rounds.length - 1;
    const logs = bundle.anchors.map((log) =>
      choice === 'whole'
        ? log
        : { ...log, headers: log.headers.filter(({ round }) => round < last) },
    );
    return { nodeKeys: [], logs };
  };

  for (const { name, level, anchors, apply } of MANIPULATIONS) {
    it(`E: ${level}: ${name}`, async () => {
      const folder = join(root, 'bundle');
      await cp(bundle.folder, folder, { recursive: true });
      const expected = await apply(new TamperedBundle(folder, evidence, bundle.keys));
      expect(expected).toBeDefined();
      const options = { folder, anchors: anchorsOf(anchors), knownRuntimes };
      if (expected?.step === undefined) {
        const error = await verifyBundle(options).catch((e: unknown) => e);
        expect(isTallyError(error, 'AUDIT_BUNDLE_MALFORMED')).toBe(true);
        expect(error).toMatchObject({ meta: { path: expected?.record } });
        return;
      }
      const report = await verifyBundle(options);
      expect({ ...report.finding, exit: exitCodeOf(report) }).toMatchObject({
        exit: Number(expected.step.slice(1)),
        step: expected.step,
        record: expect.stringContaining(expected.record),
      });
      expect(report.finding?.record.startsWith(expected.record)).toBe(true);
      expect(report.finding?.round).toBe(expected.round);
      if (expected.by !== undefined) expect(report.finding?.by).toBe(expected.by);
      expect(report.verdict).toBe('FAILED');
      expect(report.damaged.length > 0).toBe(level === 'raw');
    });
  }
});
