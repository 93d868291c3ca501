// @ts-check
/**
 * Figure 33: the audit of a whole bundle with its blobs, every step from V1 to V10 (blocks executed again, every update and
 * model read, hashed, checked and folded), against SHA-256 alone over the same blobs in memory. Bytes per CPU-second of
 * this process with all its threads, interleaved, median of five.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NO_ANCHORS } from '../../libs/audit/dist/testing/anchors-for.js';
import { testBundle } from '../../libs/audit/dist/testing/fixture/test-bundle.js';
import { releasedRuntimes } from '../../libs/audit/dist/testing/operator/evidence.js';
import { verifyBundle } from '../../libs/audit/dist/verify-bundle.js';
import { MIB, median } from '../lib/numbers.mjs';
import { measured, measuredAsync } from '../lib/proc.mjs';

const NODES = 4;
const ROUNDS = 5;
const TIMES = 5;
/** Units of two hidden layers: 1 and 25 million parameters. */
const SMALL_UNITS = 1_000;
const FULL_UNITS = 5_000;

/** @param {string} folder @returns {Promise<Buffer[]>} */
async function blobsIn(folder) {
  const names = await readdir(folder);
  return Promise.all(names.map((name) => readFile(join(folder, name))));
}

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  bars: [
    { id: '33', title: 'audit of a whole bundle with blobs', unit: '% of SHA-256', atLeast: 70 },
  ],
  run: async ({ full }) => {
    const units = full ? FULL_UNITS : SMALL_UNITS;
    /** @type {'train'[]} */
    const row = Array.from({ length: NODES }, () => 'train');
    const window = { count: { min: NODES, max: NODES }, deadlineMs: 10_000 };
    const layers = [{ dense: { units } }, { dense: { units } }, { dense: { units: 1 } }];
    const model = { layers, loss: 'sigmoidCrossEntropy' };
    const spec = { rounds: ROUNDS, window, strategy: { fedAvg: {} }, model };
    const bundle = await testBundle({ script: Array.from({ length: ROUNDS }, () => row), spec });
    try {
      const blobs = await blobsIn(join(bundle.folder, 'blobs'));
      const bytes = blobs.reduce((sum, { length }) => sum + length, 0);
      const knownRuntimes = await releasedRuntimes();
      const options = { folder: bundle.folder, anchors: NO_ANCHORS, knownRuntimes };
      /** @type {number[]} */
      const shares = [];
      /** @type {number[]} */
      const rates = [];
      for (let i = 0; i <= TIMES; i++) {
        const hashing = measured(() => {
          for (const blob of blobs) createHash('sha256').update(blob).digest();
        });
        let wasVerified = false;
        const audit = await measuredAsync(async () => {
          const { finding, steps } = await verifyBundle(options);
          const folded = steps.find(({ step }) => step === 'V8')?.checked ?? 0;
          wasVerified = finding === null && folded >= ROUNDS;
        });
        if (!wasVerified) throw new Error('it was not verified');
        if (i === 0) continue; // compiles
        shares.push((100 * hashing.cpu) / audit.cpu);
        rates.push(bytes / audit.cpu / 1e9);
      }
      const note =
        `${ROUNDS} rounds of ${NODES} nodes, ${blobs.length} blobs of ${(bytes / MIB).toFixed(0)} MiB in all; ` +
        `${median(rates).toFixed(2)} GB per CPU-second`;
      return { 33: { value: median(shares), note } };
    } finally {
      await bundle.remove();
    }
  },
};
