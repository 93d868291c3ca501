// @ts-check
/**
 * Figure 2: receive, spool, hash, check and fold of whole updates by the real coordinator, bytes per CPU-second of its
 * process, against the serial composition of the parts measured in the same run: 1/(1/ws + 1/sha256 + 1/fold). One
 * more node than connects is in the cohort, so that the round stays open and its closing is no part of the figure.
 */
import { createHash, randomBytes } from 'node:crypto';
import { Accumulator, DENSE_I32 } from '@tallystick/aggregation';
import { withFederation } from '../lib/federation.mjs';
import { flatManifest, NoiseUpdates } from '../lib/noise.mjs';
import { median, MIB, serialRate } from '../lib/numbers.mjs';
import { measured } from '../lib/proc.mjs';
import { receiveRate } from '../lib/receive-cost.mjs';

const NODES = 8;
const SMALL_D = 4_000_000;
const FULL_D = 25_000_000;
const PASSES = 3;
const TIMEOUT_MS = 300_000;
/** The last folds end after the last verdict. */
const SETTLE_MS = 500;

/** Bytes per CPU-second of the coordinator, one value per pass. @param {number} d @param {string | undefined} profile */
function ours(d, profile) {
  const federation = { nodes: NODES, absent: 1, mode: /** @type {const} */ ('train'), profile };
  return withFederation(federation, async ({ coordinator, fleet, launch }) => {
    const rates = [];
    for (let pass = 1; pass <= PASSES; pass++) {
      const before = await fleet.counts();
      fleet.hold();
      const run = await launch({ d, rounds: 1 });
      await fleet.downloaded(NODES * pass, TIMEOUT_MS);
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const cpu = coordinator.cpu;
      fleet.go();
      await fleet.accepted(NODES * pass, TIMEOUT_MS);
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const { bytes } = await fleet.counts();
      rates.push((bytes - before.bytes) / (coordinator.cpu - cpu));
      await coordinator.api(`runs/${run}/stop`, {});
    }
    return rates;
  });
}

/** @param {number} d */
async function parts(d) {
  const manifest = flatManifest(d);
  const file = new NoiseUpdates(manifest).file('0');
  const bytes = file.slice(0, file.bytes);
  const piece = randomBytes(MIB);
  const accumulator = new Accumulator(manifest, DENSE_I32);
  const ws = [];
  const sha = [];
  const fold = [];
  for (let pass = 0; pass < PASSES; pass++) {
    ws.push(await receiveRate({ connections: NODES, bytesEach: file.bytes }));
    const hash = createHash('sha256');
    const hashing = measured(() => {
      for (let at = 0; at < bytes.length; at += MIB) hash.update(piece);
    });
    sha.push(bytes.length / hashing.cpu);
    fold.push(bytes.length / measured(() => accumulator.add(bytes, 3n)).cpu);
  }
  return { ws: median(ws), sha: median(sha), fold: median(fold) };
}

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  bars: [{ id: '2', title: 'ingest: receive + hash + fold', unit: '% of parts', atLeast: 75 }],
  async run({ full, profile }) {
    const d = full ? FULL_D : SMALL_D;
    const rate = median(await ours(d, profile));
    const { ws, sha, fold } = await parts(d);
    const mb = (/** @type {number} */ bytes) => Math.round(bytes / 1e6);
    const note = `${NODES} nodes × ${d / 1e6} M parameters; MB per CPU-second: all ${mb(rate)}, ws ${mb(ws)}, sha256 ${mb(sha)}, fold ${mb(fold)}, parts ${mb(serialRate([ws, sha, fold]))}`;
    return { 2: { value: (100 * rate) / serialRate([ws, sha, fold]), note } };
  },
};
