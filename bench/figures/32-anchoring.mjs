// @ts-check
/**
 * Figure 32: whole rounds of at least a second with anchoring on against the same with anchoring off, at two coordinators
 * with a PostgreSQL and a chain each. They take turns: a pair is one run of three rounds at either, of which the last two
 * are measured, so that the commits of the first two fall into them. Ratio of the medians of wall time per round.
 */
import { placeOf } from '../lib/bench-node.mjs';
import { Coordinator } from '../lib/coordinator.mjs';
import { enrol } from '../lib/enrol.mjs';
import { Fleet } from '../lib/fleet.mjs';
import { median } from '../lib/numbers.mjs';
import { runYaml } from '../lib/run-yaml.mjs';
import { inScratch } from '../lib/scratch.mjs';

const NODES = 4;
const ROUNDS = 3;
const PAIRS = 20;
/** Parameters; on two cores a round of them takes a good second. */
const D = 6_000_000;
const START_MS = 300_000;

/** @typedef {{ readonly coordinator: Coordinator, readonly fleet: Fleet }} Side */

/** @template T @param {'on' | 'off'} anchoring @param {(side: Side) => Promise<T>} work @returns {Promise<T>} */
function withSide(anchoring, work) {
  return inScratch(async (data) => {
    const env = { NODE_ENV: 'test', TALLY_TEST__ANCHORING: anchoring };
    const coordinator = await Coordinator.start(data, { env });
    /** @type {Fleet | undefined} */
    let fleet;
    try {
      fleet = await Fleet.open(coordinator, await enrol(coordinator, NODES), { mode: 'train' });
      return await work({ coordinator, fleet });
    } finally {
      await fleet?.close();
      await coordinator.stop();
    }
  });
}

/** Seconds of one round. @param {Side} side @param {number} d */
async function turn({ coordinator, fleet }, d) {
  const before = fleet.rounds.size;
  const spec = runYaml({ d, nodes: NODES, rounds: ROUNDS });
  const { run } = await coordinator.api('runs', { spec, pot: '0' });
  await fleet.played(before + ROUNDS, START_MS);
  const [first, last] = [0, ROUNDS - 1].map((round) => {
    const times = fleet.rounds.get(placeOf({ run, round }));
    if (times === undefined) throw new Error(`round ${round} of run ${run} was not heard of`);
    return times.resultMs;
  });
  return ((last ?? 0) - (first ?? 0)) / (ROUNDS - 1) / 1e3;
}

/** Rounds on the chain. @param {Side} side */
async function anchored({ coordinator }) {
  const { runs } = await coordinator.api('runs');
  const all = /** @type {{ closedRounds: number, committedRounds: number }[]} */ (runs);
  return all.reduce((sum, { committedRounds }) => sum + committedRounds, 0);
}

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  bars: [
    { id: '32', title: 'rounds of ≥ 1 s: anchoring on against off', unit: '× off', atMost: 1.05 },
  ],
  run: ({ say }) =>
    withSide('on', (on) =>
      withSide('off', async (off) => {
        for (const side of [on, off]) await turn(side, D); // compiles
        /** @type {{ on: number, off: number }[]} */
        const times = [];
        for (let i = 0; i < PAIRS; i++) {
          // each goes first in every other pair
          const [a, b] = i % 2 === 0 ? [on, off] : [off, on];
          const [first, second] = [await turn(a, D), await turn(b, D)];
          times.push(i % 2 === 0 ? { on: first, off: second } : { on: second, off: first });
          say(
            `pair ${i + 1}: on ${times.at(-1)?.on.toFixed(3)} s, off ${times.at(-1)?.off.toFixed(3)} s`,
          );
        }
        const committed = { on: await anchored(on), off: await anchored(off) };
        if (committed.on === 0 || committed.off > 0) {
          throw new Error(
            `committed ${committed.on} rounds with anchoring, ${committed.off} without`,
          );
        }
        const [withIt, without] = [times.map((time) => time.on), times.map((time) => time.off)];
        const seconds = Math.min(median(withIt), median(without));
        if (seconds < 1) throw new Error(`the rounds took ${seconds.toFixed(2)} s, less than 1`);
        const note =
          `${PAIRS} pairs of ${ROUNDS - 1} rounds, ${NODES} nodes, ${D / 1e6} M parameters; ` +
          `medians ${median(withIt).toFixed(3)} and ${median(without).toFixed(3)} s; ${committed.on} rounds anchored`;
        return { 32: { value: median(withIt) / median(without), note } };
      }),
    ),
};
