// @ts-check
/**
 * Figure 4c: a whole round of large updates, every node a process of its own, nothing trained on either side, against
 * Flower's deployment engine with the same number of nodes and parameters.
 */
import { attempt } from '../lib/figure.mjs';
import { flowerRounds } from '../lib/flower.mjs';
import { withFederation } from '../lib/federation.mjs';
import { median } from '../lib/numbers.mjs';
import { resetPeak } from '../lib/proc.mjs';

const NODES = 8;
const SMALL_D = 2_500_000;
const FULL_D = 25_000_000;
const ROUNDS = 4;
const TIMEOUT_MS = 900_000;

/** @param {number} d */
function ours(d) {
  const options = { nodes: NODES, mode: /** @type {const} */ ('train'), processes: NODES };
  return withFederation(options, async ({ coordinator, fleet, launch }) => {
    await coordinator.probe();
    resetPeak(coordinator.pid);
    await launch({ d, rounds: ROUNDS });
    await fleet.played(ROUNDS, TIMEOUT_MS);
    const ends = [...fleet.rounds.values()].map(({ resultMs }) => resultMs);
    const seconds = ends.slice(1).map((endMs, i) => (endMs - (ends[i] ?? endMs)) / 1e3);
    return { seconds: median(seconds), megabytes: coordinator.memory.peak / 1e6 };
  });
}

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  isPeer: true,
  bars: [
    { id: '4c.memory', title: 'whole large round: coordinator peak', unit: 'MB', atMost: 600 },
    { id: '4c.peer', title: 'whole large round', unit: "of Flower's", atMost: 0.2 },
  ],
  async run(bench) {
    const d = bench.full ? FULL_D : SMALL_D;
    const mine = await attempt(bench, () => ours(d));
    if ('skipped' in mine) return { '4c.memory': mine, '4c.peer': mine };
    const note = `${NODES} nodes × ${d / 1e6} M parameters: ${mine.seconds.toFixed(2)} s per round`;
    const memory = { value: mine.megabytes, note };
    const peer = await flowerRounds(bench, {
      engine: 'deployment',
      nodes: NODES,
      d,
      rounds: ROUNDS,
    });
    if ('skipped' in peer) return { '4c.memory': memory, '4c.peer': peer };
    return {
      '4c.memory': memory,
      '4c.peer': {
        value: mine.seconds / peer.seconds,
        note: `${note}; ${peer.note}; its server's side ${peer.serverMb.toFixed(0)} MB`,
      },
    };
  },
};
