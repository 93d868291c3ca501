import type { Hash } from '@tallystick/kernel';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AuditReport } from './report.js';
import { NO_ANCHORS } from './testing/anchors-for.js';
import { testBundle, type TestBundleOptions } from './testing/fixture/test-bundle.js';
import { releasedRuntimes } from './testing/operator/evidence.js';
import { verifyBundle } from './verify-bundle.js';

/** Two of six nodes are asked each round; the first two cohorts come from the spec, the others from blocks. */
const OPTIONS: TestBundleOptions = {
  script: Array.from({ length: 5 }, () => Array.from({ length: 6 }, () => 'train' as const)),
  spec: {
    rounds: 5,
    window: { count: { min: 2 }, deadlineMs: 10_000 },
    cohort: { fractionPpm: 300_000, beacon: 'chain', lag: 2 },
    maxUncommitted: 1,
  },
};

describe('cohorts of `beacon: chain`', () => {
  let knownRuntimes: ReadonlySet<Hash>;
  beforeAll(async () => {
    knownRuntimes = await releasedRuntimes();
  });

  async function audited(options: TestBundleOptions): Promise<AuditReport> {
    const bundle = await testBundle(options);
    try {
      return await verifyBundle({ folder: bundle.folder, anchors: NO_ANCHORS, knownRuntimes });
    } finally {
      await bundle.remove();
    }
  }

  it('are drawn again from the blocks that hold the commits, and labelled honestly', async () => {
    const report = await audited(OPTIONS);
    expect(report.finding).toBeNull();
    expect(report.notes).toEqual([
      'cohorts are drawn from block hashes: chosen by the operator of the embedded chain',
    ]);
  });

  it('of a block that the coordinator likes better fail V5', async () => {
    const report = await audited({ ...OPTIONS, choosesBeacon: true });
    expect(report.finding).toMatchObject({ step: 'V5', round: 2, by: 'coordinator' });
  });
});
