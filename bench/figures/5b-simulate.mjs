// @ts-check
/**
 * Figure 5b: seconds per round of `tally simulate`, one process and one core, against Flower's simulation engine on Ray
 * with the same number of nodes and about a thousand parameters. Ours is the difference of two runs of the command, so
 * that its start is no part of it; one step of real training and the comparison with local models are. Flower's client
 * trains nothing.
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { attempt } from '../lib/figure.mjs';
import { flowerRounds } from '../lib/flower.mjs';
import { runYaml } from '../lib/run-yaml.mjs';
import { inScratch } from '../lib/scratch.mjs';

const TALLY = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));
const D = 1_000;
const PEER_ROUNDS = 12;
const TIMEOUT_MS = 600_000;
const CASES = [
  { nodes: 2, rounds: [5, 45] },
  { nodes: 100, rounds: [2, 12] },
];
const run = promisify(execFile);

const ROWS = Array.from({ length: 12 }, (_, i) => {
  return `${i},${(i * 7) % 12},${i % 2},${i < 8 ? 'train' : 'test'}`;
});

/** A folder as `tally simulate` takes it. @param {string} folder @param {number} nodes */
async function writeSites(folder, nodes) {
  await writeFile(join(folder, 'data.csv'), ['a,b,y,set', ...ROWS, ''].join('\n'));
  for (let i = 0; i < nodes; i++) {
    const name = `site-${String(i).padStart(3, '0')}`;
    await mkdir(join(folder, 'sites', name), { recursive: true });
    const yaml = `name: ${name}
organisation: ${name}
coordinator: http://127.0.0.1:7700
datasets: { bench: ../../data.csv }
policy: { purposes: [DUO:0000007], minCohort: 1, models: any }
`;
    await writeFile(join(folder, 'sites', name, 'node.yaml'), yaml);
  }
}

/** Seconds of the whole command. @param {string} folder @param {number} nodes @param {number} rounds */
async function commandSeconds(folder, nodes, rounds) {
  await writeFile(join(folder, 'run.yaml'), runYaml({ d: D, nodes, rounds }));
  const { stdout } = await run(process.execPath, [TALLY, 'simulate', folder, '--json'], {
    maxBuffer: 2 ** 26,
    timeout: TIMEOUT_MS,
  });
  const { seconds } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  return seconds;
}

/** @param {number} nodes @param {readonly number[]} rounds fewer and more */
function secondsPerRound(nodes, [few = 1, many = 2]) {
  return inScratch(async (folder) => {
    await writeSites(folder, nodes);
    const short = await commandSeconds(folder, nodes, few);
    const long = await commandSeconds(folder, nodes, many);
    return { seconds: (long - short) / (many - few) };
  });
}

/**
 * @param {{ seconds: number } | { skipped: string }} mine
 * @param {import('../lib/flower.mjs').PeerRounds} peer
 * @returns {import('../lib/line.mjs').Measured}
 */
function timesPeer(mine, peer) {
  if ('skipped' in mine) return mine;
  if ('skipped' in peer) return peer;
  const note = `ours ${(1e3 * mine.seconds).toFixed(1)} ms per round; ${peer.note}`;
  return { value: peer.seconds / mine.seconds, note };
}

/** @type {import('../lib/figure.mjs').Figure} */
export default {
  isPeer: true,
  bars: CASES.map(({ nodes }) => ({
    id: `5b.k${nodes}`,
    title: `tally simulate, ${nodes} nodes, against Flower's simulation engine`,
    unit: '× Flower',
    atLeast: 5,
  })),
  async run(bench) {
    /** @type {Record<string, import('../lib/line.mjs').Measured>} */
    const measured = {};
    for (const { nodes, rounds } of CASES) {
      const mine = await attempt(bench, () => secondsPerRound(nodes, rounds));
      const size = {
        engine: /** @type {const} */ ('simulation'),
        nodes,
        d: D,
        rounds: PEER_ROUNDS,
      };
      measured[`5b.k${nodes}`] = timesPeer(mine, await flowerRounds(bench, size));
    }
    return measured;
  },
};
