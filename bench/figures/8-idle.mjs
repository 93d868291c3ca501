// @ts-check
/**
 * Figure 8: what nodes cost that are connected and have nothing to do. A tenth of them is there before the memory is looked
 * at first, so that what the first ones make the process load is not counted as theirs.
 */
import { LIMITS } from '@tallystick/protocol';
import { withFederation } from '../lib/federation.mjs';
import { Fleet } from '../lib/fleet.mjs';
import { maxOpenFiles } from '../lib/machine.mjs';

const SMALL_NODES = 1_000;
const FULL_NODES = 10_000;
/** Files a coordinator has open beside its sockets. */
const OTHER_FILES = 512;
const PROCESSES = 2;
/** Long enough for a heartbeat of every node, and for CPU time to be told in hundredths. */
const WINDOW_MS = Math.max(10_000, 2 * LIMITS.heartbeatMs);
const SETTLE_MS = 2_000;
const BARS = [
  { id: '8.rss', title: 'an idle node: RSS', unit: 'KiB', atMost: 10 },
  { id: '8.cpu', title: 'idle nodes: CPU of a core', unit: '%', atMost: 2 },
  { id: '8.lag', title: 'idle nodes: loop lag', unit: 'ms', atMost: 50 },
];

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Resident bytes when the garbage of the moment is gone. @param {import('../lib/coordinator.mjs').Coordinator} coordinator */
async function settledRss(coordinator) {
  await pause(SETTLE_MS);
  await coordinator.probe();
  await pause(SETTLE_MS);
  await coordinator.probe();
  return coordinator.memory.rss;
}

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  bars: BARS,
  async run({ full }) {
    const nodes = full ? FULL_NODES : SMALL_NODES;
    if (nodes + OTHER_FILES > maxOpenFiles()) {
      return Object.fromEntries(BARS.map(({ id }) => [id, { skipped: 'nofile' }]));
    }
    const warm = nodes / 10;
    const options = { nodes: warm, absent: nodes - warm, mode: /** @type {const} */ ('idle') };
    return withFederation(options, async ({ coordinator, fleet, absentees, enrolMs }) => {
      const before = await settledRss(coordinator);
      const rest = await Fleet.open(coordinator, absentees, { mode: 'idle', processes: PROCESSES });
      try {
        const kib = ((await settledRss(coordinator)) - before) / 1_024 / absentees.length;
        const cpu = coordinator.cpu;
        await pause(WINDOW_MS);
        const share = (100e3 * (coordinator.cpu - cpu)) / WINDOW_MS;
        const { maxLagMs } = await coordinator.probe();
        const closes = (await fleet.counts()).closes + (await rest.counts()).closes;
        if (closes > 0) throw new Error(`${closes} of the nodes were disconnected`);
        const note = `${nodes} nodes, ${WINDOW_MS / 1e3} s, heartbeat ${LIMITS.heartbeatMs / 1e3} s; enrolled in ${(enrolMs / 1e3).toFixed(1)} s`;
        return {
          '8.rss': { value: kib, note },
          '8.cpu': { value: share, note },
          '8.lag': { value: maxLagMs, note },
        };
      } finally {
        await rest.close();
      }
    });
  },
};
