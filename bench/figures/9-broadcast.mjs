// @ts-check
/**
 * Figure 9: a task with a model of 1 MB reaches every node: offers by socket, the model by HTTP range. A run
 * with a model of 4 KB goes before it, because the first launch of a process compiles and loads much; the note says what it
 * cost.
 */
import { withFederation } from '../lib/federation.mjs';
import { maxOpenFiles } from '../lib/machine.mjs';
import { MIB } from '../lib/numbers.mjs';
import { resetPeak } from '../lib/proc.mjs';

const D = 250_000;
const FIRST_D = 1_000;
const SMALL_NODES = 500;
const FULL_NODES = 10_000;
const OTHER_FILES = 512;
const PROCESSES = 2;
const TIMEOUT_MS = 600_000;
const BARS = [
  { id: '9.lag', title: '1 MB model to every node: loop lag', unit: 'ms', atMost: 50 },
  { id: '9.rss', title: '1 MB model to every node: RSS growth', unit: 'MB', atMost: 16 },
];

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  bars: BARS,
  async run({ full, profile }) {
    const nodes = full ? FULL_NODES : SMALL_NODES;
    if (nodes + OTHER_FILES > maxOpenFiles()) {
      return Object.fromEntries(BARS.map(({ id }) => [id, { skipped: 'nofile' }]));
    }
    const options = {
      nodes,
      mode: /** @type {const} */ ('download'),
      processes: PROCESSES,
      profile,
    };
    return withFederation(options, async ({ coordinator, fleet, launch }) => {
      const broadcast = async (/** @type {number} */ d) => {
        const { downloads } = await fleet.counts();
        const before = coordinator.memory.rss;
        resetPeak(coordinator.pid);
        const startMs = performance.now();
        const run = await launch({ d, rounds: 1 });
        await fleet.downloaded(downloads + nodes, TIMEOUT_MS);
        const seconds = (performance.now() - startMs) / 1e3;
        const growthMb = (coordinator.memory.peak - before) / 1e6;
        await coordinator.api(`runs/${run}/stop`, {});
        return { seconds, growthMb };
      };
      const first = await broadcast(FIRST_D);
      await coordinator.probe();
      const { seconds, growthMb } = await broadcast(D);
      const { maxLagMs } = await coordinator.probe();
      const { errors } = await fleet.counts();
      if (errors.length > 0) throw new Error(errors[0]);
      const rate = (4 * D * nodes) / seconds / MIB;
      const note =
        `${nodes} nodes in ${seconds.toFixed(1)} s from the launch, ${rate.toFixed(0)} MiB/s; ` +
        `the first launch took ${first.growthMb.toFixed(1)} MB`;
      return { '9.lag': { value: maxLagMs, note }, '9.rss': { value: growthMb, note } };
    });
  },
};
