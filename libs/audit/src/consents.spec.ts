import { afterEach, describe, expect, it } from 'vitest';
import type { AuditReport } from './report.js';
import { NO_ANCHORS } from './testing/anchors-for.js';
import {
  testBundle,
  type TestBundle,
  type TestBundleOptions,
} from './testing/fixture/test-bundle.js';
import { releasedRuntimes } from './testing/operator/evidence.js';
import { verifyBundle } from './verify-bundle.js';

const SCRIPT = [0, 1, 2].map(() => ['train', 'train', 'train', 'train'] as const);

describe('consents', () => {
  let bundle: TestBundle | undefined;
  afterEach(() => bundle?.remove());

  async function audit(options: TestBundleOptions): Promise<AuditReport> {
    bundle = await testBundle({ script: SCRIPT, ...options });
    const { folder } = bundle;
    const knownRuntimes = await releasedRuntimes();
    return verifyBundle({ folder, anchors: NO_ANCHORS, knownRuntimes });
  }

  it('a run without the node whose owner withdrew verifies', async () => {
    expect(await audit({ withdrawn: 3 })).toMatchObject({ verdict: 'CONSISTENT', finding: null });
  });

  it('a coordinator that asks it all the same is named at V5', async () => {
    const { finding } = await audit({ withdrawn: 3, ignoresConsents: true });
    expect(finding).toMatchObject({
      step: 'V5',
      round: 0,
      record: 'consent of node 3',
      by: 'coordinator',
    });
  });

  it('a purpose on the chain that is not the one of the spec is named', async () => {
    const { finding } = await audit({ spec: { purpose: 'DUO:0000042' } });
    expect(finding).toMatchObject({
      step: 'V5',
      record: 'terms of run 1 on the chain',
      expected: 'purpose 42, consent implied',
      found: 'purpose 7, consent implied',
      by: 'coordinator',
    });
  });
});
