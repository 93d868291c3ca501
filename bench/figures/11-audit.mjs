// @ts-check
/**
 * Figure 11: what an auditor does to recompute a round (read each update again, hash it, check it, fold it) against
 * SHA-256 alone over the same bytes in memory. Bytes per CPU-second, interleaved, median of five.
 */
import { createHash } from 'node:crypto';
import { InProcessFolderFactory } from '@tallystick/compute';
import { sha256 } from '@tallystick/kernel/node';
import { median } from '../lib/numbers.mjs';
import { measured, measuredAsync } from '../lib/proc.mjs';
import { inScratch } from '../lib/scratch.mjs';
import { storedUpdates } from '../lib/stored-updates.mjs';

const ROUNDS = 5;
const COUNT = 4;
const SMALL_D = 4_000_000;
const FULL_D = 25_000_000;

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  bars: [{ id: '11', title: 'audit recomputes a round', unit: '% of SHA-256', atLeast: 70 }],
  run: ({ full }) =>
    inScratch(async (folder) => {
      const d = full ? FULL_D : SMALL_D;
      const { blobs, contributions, spec, updates } = await storedUpdates(folder, {
        d,
        count: COUNT,
      });
      const folds = new InProcessFolderFactory({ blobs, sha256 });
      const fold = await folds.open(spec);
      const bytes = COUNT * updates.shared.length;
      const shares = [];
      for (let round = 0; round <= ROUNDS; round++) {
        const hashing = measured(() => {
          for (let i = 0; i < COUNT; i++) createHash('sha256').update(updates.shared).digest();
        });
        const audit = await measuredAsync(() => fold.rebuild(contributions));
        if (round > 0) shares.push((100 * hashing.cpu) / audit.cpu);
        if (round < ROUNDS) continue;
        const rate = (bytes / hashing.cpu / 1e9).toFixed(2);
        const note = `${COUNT} updates of ${d / 1e6} M parameters; SHA-256 ${rate} GB per CPU-second`;
        return { 11: { value: median(shares), note } };
      }
      return {};
    }),
};
