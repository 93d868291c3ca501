// @ts-check
/** Figure 8: what nodes cost that are connected and have nothing to do. */
import { LIMITS } from '@tallystick/protocol';
import { withFederation } from '../lib/federation.mjs';
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

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  id: '8',
  bars: BARS,
  async run({ full }) {
    const nodes = full ? FULL_NODES : SMALL_NODES;
    if (nodes + OTHER_FILES > maxOpenFiles()) {
      return Object.fromEntries(BARS.map(({ id }) => [id, { skipped: 'nofile' }]));
    }
    /** @type {number} */
    let before = 0;
    const options = {
      nodes,
      mode: /** @type {const} */ ('idle'),
      processes: PROCESSES,
      beforeOpen: async (/** @type {import('../lib/coordinator.mjs').Coordinator} */ coordinator) => {
        await coordinator.probe();
        before = coordinator.memory.rss;
      },
    };
    return withFederation(options, async ({ coordinator, fleet, enrolMs }) => {
      await pause(SETTLE_MS);
      await coordinator.probe();
      const kib = (coordinator.memory.rss - before) / 1_024 / nodes;
      const cpu = coordinator.cpu;
      await pause(WINDOW_MS);
      const share = (100e3 * (coordinator.cpu - cpu)) / WINDOW_MS;
      const { maxLagMs } = await coordinator.probe();
      const { closes } = await fleet.counts();
      if (closes > 0) throw new Error(`${closes} of the nodes were disconnected`);
      const note = `${nodes} nodes, ${WINDOW_MS / 1e3} s, heartbeat ${LIMITS.heartbeatMs / 1e3} s; enrolled in ${(enrolMs / 1e3).toFixed(1)} s`;
      return {
        '8.rss': { value: kib, note },
        '8.cpu': { value: share, note },
        '8.lag': { value: maxLagMs, note },
      };
    });
  },
};
