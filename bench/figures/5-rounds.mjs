// @ts-check
/**
 * Figure 5: whole rounds per minute of a model of a thousand parameters: download, training that costs nothing, upload,
 * receipt, verdict, result, over real sockets and a PostgreSQL with its default durability, the chain anchored behind
 * (maxUncommitted 64). The nodes, the database and the chain share the machine with the coordinator; the note says what
 * the coordinator's process alone used.
 */
import { attempt } from '../lib/figure.mjs';
import { flowerRounds } from '../lib/flower.mjs';
import { withFederation } from '../lib/federation.mjs';
import { perMinute } from '../lib/numbers.mjs';

const D = 1_000;
/** Rounds before the measurement; the first ones compile and connect. */
const WARM = 5;
/** Rounds that a measurement has at least, however long they take. */
const LEAST = 3;
const START_MS = 180_000;
const PEER_TIMES = 50;

/** Nodes, bar, processes of the fleet, seconds of a small and of a full measurement; `isLarge`: only in a full run. */
const CASES = [
  { nodes: 2, bar: 3_000, processes: 1, seconds: 6, fullSeconds: 30 },
  { nodes: 16, bar: 2_000, processes: 1, seconds: 6, fullSeconds: 30 },
  { nodes: 100, bar: 600, processes: 1, seconds: 6, fullSeconds: 30 },
  { nodes: 1_000, bar: 60, processes: 2, seconds: 10, fullSeconds: 60 },
];
const PEER_NODES = [2, 16];

/** @param {(typeof CASES)[number]} size @param {import('../lib/figure.mjs').Bench} bench */
function ours({ nodes, processes, seconds, fullSeconds }, { full, profile }) {
  return withFederation(
    { nodes, mode: 'train', processes, profile },
    async ({ coordinator, fleet, enrolMs, launch }) => {
      const run = await launch({ d: D, rounds: 100_000 });
      await fleet.played(WARM, START_MS);
      const before = { ...coordinator.cpus, nodes: fleet.cpu };
      const from = fleet.rounds.size;
      await new Promise((resolve) => setTimeout(resolve, 1e3 * (full ? fullSeconds : seconds)));
      await fleet.played(from + LEAST, START_MS);
      const after = { ...coordinator.cpus, nodes: fleet.cpu };
      const times = [...fleet.rounds.values()].slice(from - 1).map(({ resultMs }) => resultMs);
      const { verdicts, errors } = await fleet.counts();
      const { closedRounds, committedRounds } = await coordinator.api(`runs/${run}`);
      await coordinator.api(`runs/${run}/stop`, {});
      const refused = Object.keys(verdicts).filter((code) => code !== 'accepted');
      if (refused.length > 0 || errors.length > 0) {
        throw new Error(`refused ${refused.join(' ')} ${errors[0] ?? ''}`);
      }
      const ms = (/** @type {keyof typeof before} */ name) =>
        ((1e3 * (after[name] - before[name])) / (times.length - 1)).toFixed(1);
      const note =
        `${times.length - 1} rounds, CPU ms per round: coordinator ${ms('coordinator')}, PostgreSQL ${ms('postgres')}, ` +
        `chain ${ms('chain')}, all nodes ${ms('nodes')}; ${closedRounds - committedRounds} not final; enrolment ${(enrolMs / 1e3).toFixed(1)} s`;
      return { value: perMinute(times), note };
    },
  );
}

/**
 * @param {import('../lib/line.mjs').Measured} mine rounds per minute
 * @param {import('../lib/flower.mjs').PeerRounds} peer
 * @returns {import('../lib/line.mjs').Measured}
 */
function timesPeer(mine, peer) {
  if ('skipped' in mine) return mine;
  if ('skipped' in peer) return peer;
  return { value: (mine.value * peer.seconds) / 60, note: peer.note };
}

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  isPeer: true,
  bars: [
    ...CASES.map(({ nodes, bar }) => ({
      id: `5.k${nodes}`,
      title: `rounds of 1 k parameters, ${nodes} nodes`,
      unit: 'rounds/min',
      atLeast: bar,
    })),
    ...PEER_NODES.map((nodes) => ({
      id: `5.peer.k${nodes}`,
      title: `against Flower's deployment engine, ${nodes} nodes`,
      unit: '× Flower',
      atLeast: PEER_TIMES,
    })),
  ],
  async run(bench) {
    /** @type {Record<string, import('../lib/line.mjs').Measured>} */
    const measured = {};
    for (const size of CASES) {
      const { nodes } = size;
      const mine = await attempt(bench, () => ours(size, bench));
      measured[`5.k${nodes}`] = mine;
      if (!PEER_NODES.includes(nodes)) continue;
      const peer = await flowerRounds(bench, { engine: 'deployment', nodes, d: D, rounds: 6 });
      measured[`5.peer.k${nodes}`] = timesPeer(mine, peer);
    }
    return measured;
  },
};
