// @ts-check
/**
 * Figure 30: the audit of 100 rounds of 100 nodes without blobs: reading the bundle, V1 with every block executed again,
 * and every step that reads no blob (V2 to V5, V7, V9), on one core. Wall time, median of three; and the highest memory.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NO_ANCHORS } from '../../libs/audit/dist/testing/anchors-for.js';
import { testBundle } from '../../libs/audit/dist/testing/fixture/test-bundle.js';
import { openEvidence, releasedRuntimes } from '../../libs/audit/dist/testing/operator/evidence.js';
import { TamperedBundle } from '../../libs/audit/dist/testing/operator/tampered-bundle.js';
import { ALL_STEPS, verifyWith } from '../../libs/audit/dist/verify-bundle.js';
import { median } from '../lib/numbers.mjs';

const ROUNDS = 100;
const NODES = 100;
const TIMES = 3;
const WITHOUT_BLOBS = {
  ...ALL_STEPS,
  after: ALL_STEPS.after.filter(({ id }) => id !== 'V6' && id !== 'V8'),
};

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  bars: [
    { id: '30', title: 'audit of 100 rounds × 100 nodes without blobs', unit: 's', atMost: 5 },
  ],
  run: async () => {
    /** @type {'train'[]} */
    const row = Array.from({ length: NODES }, () => 'train');
    const window = { count: { min: NODES, max: NODES }, deadlineMs: 10_000 };
    const spec = { rounds: ROUNDS, window, strategy: { fedAvg: {} } };
    const bundle = await testBundle({ script: Array.from({ length: ROUNDS }, () => row), spec });
    try {
      const knownRuntimes = await releasedRuntimes();
      const evidence = await openEvidence(bundle.folder);
      const files = new TamperedBundle(bundle.folder, evidence, bundle.keys);
      await rm(join(bundle.folder, 'blobs'), { recursive: true });
      await files.repairManifest();
      const seconds = [];
      for (let i = 0; i < TIMES; i++) {
        const start = performance.now();
        const options = { folder: bundle.folder, anchors: NO_ANCHORS, knownRuntimes };
        const { finding, steps } = await verifyWith(WITHOUT_BLOBS, options);
        seconds.push((performance.now() - start) / 1e3);
        const checked = steps.find(({ step }) => step === 'V7')?.checked;
        if (finding !== null || checked !== ROUNDS * NODES) throw new Error('it was not verified');
      }
      const { number } = evidence.history.chain.head;
      const note = `${number} blocks, ${ROUNDS * NODES} receipts; ${seconds.map((s) => s.toFixed(2)).join(', ')} s`;
      return { 30: { value: median(seconds), note } };
    } finally {
      await bundle.remove();
    }
  },
};
