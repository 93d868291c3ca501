// @ts-check
/** Flower, as its own processes (bench/peers), on the same work. */

import { attempt } from './figure.mjs';

/** @typedef {import('./figure.mjs').Bench} Bench */
/**
 * @typedef {{ seconds: number, serverMb: number, note: string } | { skipped: string }} PeerRounds
 */

export const NO_PEER = {
  skipped: 'Flower is not installed: npm run bench:peers installs it when there is a python3',
};
const ROUNDS_MS = 1_800_000;
const PASSES = 2;

/**
 * Seconds per round, better of two passes. `deployment`: SuperLink, SuperNodes and ServerApp as processes; `simulation`:
 * the same app on Ray.
 * @param {Bench} bench
 * @param {{ readonly engine: 'deployment' | 'simulation', readonly nodes: number, readonly d: number, readonly rounds: number }} size
 * @returns {Promise<PeerRounds>}
 */
export async function flowerRounds(bench, { engine, nodes, d, rounds }) {
  const { python, say } = bench;
  if (python === undefined) return NO_PEER;
  const args = ['--engine', engine, '--nodes', nodes, '--params', d, '--rounds', rounds].map(
    String,
  );
  return attempt(bench, async () => {
    const passes = [];
    for (let pass = 1; pass <= PASSES; pass++) {
      const result = await python.run('flower_rounds.py', args, ROUNDS_MS);
      say(`flower, pass ${pass}: ${JSON.stringify(result)}`);
      passes.push(result);
    }
    return bestOf(passes, args);
  });
}

/**
 * @param {readonly { median_s: number, server_mb: number, version: string, replies_ok: boolean }[]} passes
 * @param {readonly string[]} args
 */
function bestOf(passes, args) {
  const usable = passes.filter(({ replies_ok: ok }) => ok);
  const [best] = usable.toSorted((a, b) => a.median_s - b.median_s);
  if (best === undefined) throw new Error('no pass of Flower got all replies');
  const seconds = passes.map(({ median_s: s }) => s.toFixed(3)).join(' and ');
  return {
    seconds: best.median_s,
    serverMb: best.server_mb,
    note: `flwr ${best.version} ${args.join(' ')}: ${seconds} s per round, the better counts`,
  };
}
