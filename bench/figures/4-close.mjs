// @ts-check
/**
 * Figure 4: from the last byte of the last update to the result at the nodes: verdict, fold, step, new model stored, round
 * committed. Less what writing such a model takes on this disk, measured in the same run.
 */
import { FsBlobStore } from '@tallystick/blobs';
import { withFederation } from '../lib/federation.mjs';
import { median } from '../lib/numbers.mjs';
import { inScratch } from '../lib/scratch.mjs';

const SMALL = { d: 4_000_000, nodes: 8 };
const FULL = { d: 25_000_000, nodes: 100 };
const ROUNDS = 3;
const WRITES = 3;
const TIMEOUT_MS = 1_800_000;

/** Seconds of storing a model durably. @param {number} d */
function writeSeconds(d) {
  return inScratch(async (folder) => {
    const blobs = new FsBlobStore({ folder });
    const bytes = new Uint8Array(4 * d);
    const seconds = [];
    for (let i = 0; i < WRITES; i++) {
      bytes[0] = i;
      const startMs = performance.now();
      await blobs.put(bytes);
      seconds.push((performance.now() - startMs) / 1e3);
    }
    return median(seconds);
  });
}

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  bars: [
    {
      id: '4',
      title: 'last byte to new model committed, less the write',
      unit: 's',
      atMost: 0.5,
    },
  ],
  async run({ full, profile }) {
    const { d, nodes } = full ? FULL : SMALL;
    const write = await writeSeconds(d);
    const federation = { nodes, mode: /** @type {const} */ ('train'), profile };
    const closes = await withFederation(federation, async ({ fleet, launch }) => {
      await launch({ d, rounds: ROUNDS });
      await fleet.played(ROUNDS, TIMEOUT_MS);
      return [...fleet.rounds.values()].map(({ submitMs, resultMs }) => resultMs - submitMs);
    });
    const close = median(closes) / 1e3;
    const note = `${nodes} nodes × ${d / 1e6} M parameters, median of ${ROUNDS} rounds ${close.toFixed(2)} s; write ${write.toFixed(2)} s`;
    return { 4: { value: Math.max(0, close - write), note } };
  },
};
