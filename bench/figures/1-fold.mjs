// @ts-check
/**
 * Figure 1: the exact int64 fold on one core against the plainest SIMD loops over the same number of bytes. Rates are
 * bytes moved (8 read, 8 written, 4 read of each parameter) per CPU-second; in each of nine interleaved rounds the fold
 * is divided by the faster loop.
 */
import { Accumulator, DENSE_I32, FoldLane, foldMemory } from '@tallystick/aggregation';
import { ceilingLoops } from '../lib/ceiling.mjs';
import { flatManifest, NoiseUpdates } from '../lib/noise.mjs';
import { median } from '../lib/numbers.mjs';
import { measured } from '../lib/proc.mjs';

const ROUNDS = 9;
const WEIGHT = 3;
const BYTES_MOVED = 20;
/** Two or four megabytes of sums more than any cache holds. */
const SMALL_D = 8_000_000;
const FULL_D = 25_000_000;

/** A fold whose input lies in its memory already, as after a chunk came from a socket. @param {number} d */
function residentFold(d) {
  const manifest = flatManifest(d);
  const shape = { manifest, form: DENSE_I32, lanes: 1, chunkPositions: d };
  const lane = new FoldLane(shape, foldMemory(shape), 0);
  const bytes = wholeUpdate(manifest);
  const qAt = bytes.length - 4 * d;
  let isThere = false;
  const source = {
    bytes: bytes.length,
    read(/** @type {Uint8Array} */ into, /** @type {number} */ from) {
      if (from < qAt || !isThere) into.set(bytes.subarray(from, from + into.length));
    },
  };
  const item = { source, weight: WEIGHT, scale: 1, isInspected: true };
  lane.fold(item);
  isThere = true;
  return () => lane.fold(item);
}

/** A fold that copies its input in, 256 KiB at a time. @param {number} d */
function copyingFold(d) {
  const manifest = flatManifest(d);
  const accumulator = new Accumulator(manifest, DENSE_I32);
  const bytes = wholeUpdate(manifest);
  return () => accumulator.add(bytes, BigInt(WEIGHT));
}

/** @param {import('@tallystick/aggregation').Manifest} manifest */
function wholeUpdate(manifest) {
  const file = new NoiseUpdates(manifest).file('0');
  return file.slice(0, file.bytes);
}

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  bars: [
    { id: '1.resident', title: 'i64 fold, input in memory', unit: '% of ceiling', atLeast: 80 },
    { id: '1.copy-in', title: 'i64 fold, input copied in', unit: '% of ceiling', atLeast: 50 },
  ],
  async run({ full }) {
    const d = full ? FULL_D : SMALL_D;
    const loops = await ceilingLoops(d);
    const contenders = { ...loops, resident: residentFold(d), copyIn: copyingFold(d) };
    /** @type {Record<keyof typeof contenders, number[]>} */
    const rates = { i64: [], f32: [], resident: [], copyIn: [] };
    for (let round = 0; round <= ROUNDS; round++) {
      for (const name of /** @type {(keyof typeof contenders)[]} */ (Object.keys(contenders))) {
        const { cpu } = measured(contenders[name]);
        if (round > 0) rates[name].push((BYTES_MOVED * d) / cpu / 1e9); // the first warms up
      }
    }
    const ceilings = rates.i64.map((rate, i) => Math.max(rate, rates.f32[i] ?? 0));
    const share = (/** @type {readonly number[]} */ mine) =>
      median(mine.map((rate, i) => (100 * rate) / (ceilings[i] ?? Number.NaN)));
    const gb = (/** @type {readonly number[]} */ all) => median(all).toFixed(1);
    const note = `${d / 1e6} M parameters; GB/s: f32 ${gb(rates.f32)}, i64 ${gb(rates.i64)}, resident ${gb(rates.resident)}, copy-in ${gb(rates.copyIn)}`;
    return {
      '1.resident': { value: share(rates.resident), note },
      '1.copy-in': { value: share(rates.copyIn), note },
    };
  },
};
