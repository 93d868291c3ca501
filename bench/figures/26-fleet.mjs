// @ts-check
/**
 * Figure 26: a round of updates of 1 MB while many other nodes have nothing to do, and one connection of fifty breaks: half
 * of those in the middle of the upload, half after the submit. All come back, and the round wants every update.
 */
import { enrol } from '../lib/enrol.mjs';
import { withFederation } from '../lib/federation.mjs';
import { Fleet } from '../lib/fleet.mjs';
import { maxOpenFiles } from '../lib/machine.mjs';
import { quantile } from '../lib/numbers.mjs';

const D = 250_000;
const ACTIVE = 200;

const IDLE = 1_000;
const CUT_PPM = 20_000;
const OTHER_FILES = 512;
const BEAT_MS = 1_000;
/** Heartbeats before uploads begin. */
const QUIET_MS = 3_000;
const TIMEOUT_MS = 300_000;
const BARS = [
  {
    id: '26.counted',
    title: 'updates counted, 2 % disconnects',
    unit: '% of active',
    atLeast: 100,
  },
  { id: '26.idle', title: 'idle nodes that stayed', unit: '%', atLeast: 100 },
  { id: '26.heartbeat', title: 'heartbeat of idle nodes, p99', unit: 'ms', atMost: 1_000 },
];

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  bars: BARS,
  async run({ profile }) {
    if (ACTIVE + IDLE + OTHER_FILES > maxOpenFiles()) {
      return Object.fromEntries(BARS.map(({ id }) => [id, { skipped: 'nofile' }]));
    }
    const mode = /** @type {const} */ ('train');
    const options = { nodes: ACTIVE, mode, cutPpm: CUT_PPM, profile };
    return withFederation(options, async ({ coordinator, fleet, launch }) => {
      fleet.hold();
      const run = await launch({ d: D, rounds: 1 });
      await fleet.downloaded(ACTIVE, TIMEOUT_MS);
      // They join a federation whose round is open: nothing of it is theirs.
      const others = await enrol(coordinator, IDLE);
      const rest = await Fleet.open(coordinator, others, { mode: 'idle', addresses: 11 });
      try {
        rest.beat(BEAT_MS);
        await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
        const startMs = performance.now();
        fleet.go();
        await fleet.played(1, TIMEOUT_MS);
        const seconds = ((performance.now() - startMs) / 1e3).toFixed(1);
        const { closes, beats } = await rest.counts();
        const { rounds } = await coordinator.api(`runs/${run}/rounds`);
        const cuts = (await fleet.counts()).closes;
        const note = `${IDLE} idle, ${ACTIVE} × 1 MB in ${seconds} s, ${cuts} disconnects, ${beats.length} heartbeats`;
        return {
          '26.counted': { value: (100 * rounds[0].included) / ACTIVE, note },
          '26.idle': { value: (100 * (IDLE - closes)) / IDLE, note },
          '26.heartbeat': { value: quantile(beats, 0.99), note },
        };
      } finally {
        await rest.close();
      }
    });
  },
};
