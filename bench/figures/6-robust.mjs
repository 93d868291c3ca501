// @ts-check
/**
 * Figures 6 and 7: the two passes that robust rules cost, over a hundred updates in memory on one core, against NumPy over
 * the same number of values in memory. CPU-seconds; the better of two passes on both sides. The NumPy median is
 * `numpy.median` on float32; its distances are those of every pair in float64.
 */
import { DENSE_I32, openPass, sourceOf } from '@tallystick/aggregation';
import { NO_PEER } from '../lib/flower.mjs';
import { flatManifest, NoiseUpdates } from '../lib/noise.mjs';
import { measured } from '../lib/proc.mjs';

const NODES = 100;
const SMALL_D = 131_072;
const FULL_D = 1_048_576;
const PASSES = 2;
const PEER_MS = 900_000;

/** Another noise in each of a hundred updates: sorting equal values would be too easy. @param {number} d */
function updatesOf(d) {
  const manifest = flatManifest(d);
  const updates = Array.from({ length: NODES }, (_, node) => {
    const file = new NoiseUpdates(manifest, node + 1).file('0');
    return sourceOf(file.slice(0, file.bytes));
  });
  return { manifest, updates };
}

/** CPU-seconds of a pass, twice. @param {ReturnType<typeof updatesOf>} held @param {'median' | 'gram'} rule */
function ours({ manifest, updates }, rule) {
  const scales = updates.map(() => 1);
  const sums = new BigInt64Array(manifest.d);
  const place = { manifest, form: DENSE_I32, updates, sums, z: undefined, lane: 0, lanes: 1 };
  return Array.from({ length: PASSES }, () => {
    const half = NODES / 2;
    const pass =
      rule === 'median'
        ? { scales, kind: /** @type {const} */ ('rank'), from: half - 1, to: half + 1, halve: ONE }
        : { scales, kind: /** @type {const} */ ('gram'), result: new Float64Array(NODES ** 2) };
    return measured(() => {
      const lane = openPass(pass, place);
      lane.run({ from: 0, to: lane.rows });
    }).cpu;
  });
}
const ONE = /** @type {const} */ (1);

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  isPeer: true,
  bars: [
    { id: '6', title: `coordinate median of ${NODES}`, unit: '× NumPy', atLeast: 8 },
    { id: '7', title: `Gram matrix of ${NODES} in binary64`, unit: '× NumPy', atLeast: 3 },
  ],
  async run({ full, python }) {
    if (python === undefined) return { 6: NO_PEER, 7: NO_PEER };
    const d = full ? FULL_D : SMALL_D;
    const held = updatesOf(d);
    /** @type {Record<string, import('../lib/line.mjs').Measured>} */
    const lines = {};
    for (const [id, rule] of /** @type {const} */ ([
      ['6', 'median'],
      ['7', 'gram'],
    ])) {
      const mine = ours(held, rule);
      const args = ['--rule', rule, '--nodes', NODES, '--params', d, '--passes', PASSES].map(
        String,
      );
      const peer = await python.run('numpy_rules.py', args, PEER_MS);
      const ns = (/** @type {readonly number[]} */ all) =>
        all.map((s) => ((1e9 * s) / NODES / d).toFixed(2)).join(' and ');
      const note = `ns per value: ours ${ns(mine)}; numpy ${peer.versions.numpy} ${args.join(' ')}: ${ns(peer.seconds)}`;
      lines[id] = { value: Math.min(...peer.seconds) / Math.min(...mine), note };
    }
    return lines;
  },
};
