// @ts-check
/**
 * Figure 25: a hundred distinct updates of 6.65 MB. The most memory the coordinator holds in the whole of its life, start,
 * first model and round, over sockets; and the rate of the fold alone against Flower's mean of the same.
 */
import { attempt } from '../lib/figure.mjs';
import { withFederation } from '../lib/federation.mjs';
import { foldAgainstFlower, HUNDRED_UPDATES } from '../lib/fold-against-flower.mjs';

const TIMEOUT_MS = 300_000;

/** Bytes. */
function peakOfRound() {
  const { d, nodes } = HUNDRED_UPDATES;
  return withFederation({ nodes, mode: 'train' }, async ({ coordinator, fleet, launch }) => {
    await launch({ d, rounds: 1 });
    await fleet.played(1, TIMEOUT_MS);
    return coordinator.memory.peak;
  });
}

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  isPeer: true,
  bars: [
    {
      id: '25.rss',
      title: '100 updates of 6.65 MB: coordinator peak RSS',
      unit: 'MB',
      atMost: 400,
    },
    { id: '25.rate', title: 'the fold of them from the page cache', unit: '× Flower', atLeast: 2 },
  ],
  async run(bench) {
    const { d, nodes } = HUNDRED_UPDATES;
    const note = `${nodes} nodes of ${d} parameters, one round over sockets`;
    return {
      '25.rss': await attempt(bench, async () => ({ value: (await peakOfRound()) / 1e6, note })),
      '25.rate': await foldAgainstFlower(bench),
    };
  },
};
