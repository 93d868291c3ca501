// @ts-check
/**
 * Figure 3: how much the coordinator's resident memory grows in one round of distinct updates, from before the launch to
 * the highest point between the first upload and the result. The bound is the int64 sums (8·d), the model (4·d),
 * 64 MiB and 2 MiB for each upload slot; and the growth must not depend on the number of nodes.
 */
import { withFederation } from '../lib/federation.mjs';
import { MIB } from '../lib/numbers.mjs';
import { resetPeak } from '../lib/proc.mjs';

const SMALL = { d: 4_000_000, few: 10, many: 100 };
const FULL = { d: 25_000_000, few: 10, many: 100 };
/** Uploads that the coordinator takes at once. */
const SLOTS = 16;
const TIMEOUT_MS = 900_000;

/** MiB of growth. @param {number} d @param {number} nodes */
function growth(d, nodes) {
  return withFederation({ nodes, mode: 'train' }, async ({ coordinator, fleet, launch }) => {
    await coordinator.probe();
    const before = coordinator.memory.rss;
    fleet.hold();
    await launch({ d, rounds: 1 });
    await fleet.downloaded(nodes, TIMEOUT_MS);
    await coordinator.probe();
    resetPeak(coordinator.pid); // making the first model is no part of a round
    fleet.go();
    await fleet.played(1, TIMEOUT_MS);
    return (coordinator.memory.peak - before) / MIB;
  });
}

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  bars: [
    { id: '3.growth', title: 'coordinator RSS growth in a round', unit: 'MiB' },
    { id: '3.nodes', title: 'the same: many nodes less few', unit: 'MiB', atMost: 16 },
  ],
  async run({ full }) {
    const { d, few, many } = full ? FULL : SMALL;
    const small = await growth(d, few);
    const large = await growth(d, many);
    const bound = (12 * d) / MIB + 64 + 2 * SLOTS;
    const note = `distinct updates of ${d / 1e6} M parameters; ${few} nodes ${small.toFixed(0)} MiB, ${many} nodes ${large.toFixed(0)} MiB`;
    return {
      '3.growth': { value: Math.max(small, large), atMost: bound, note },
      '3.nodes': { value: Math.abs(large - small), note },
    };
  },
};
