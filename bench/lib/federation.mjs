// @ts-check
import { Coordinator } from './coordinator.mjs';
import { enrol } from './enrol.mjs';
import { Fleet } from './fleet.mjs';
import { runYaml } from './run-yaml.mjs';
import { inScratch } from './scratch.mjs';

/**
 * @typedef {object} Federation
 * @property {Coordinator} coordinator
 * @property {Fleet} fleet of the nodes that came
 * @property {readonly import('./enrol.mjs').Enrolled[]} absentees
 * @property {number} enrolMs
 * @property {(size: RunSize) => Promise<number>} launch the run over all of them; its number
 */
/** @typedef {{ readonly d: number, readonly rounds: number }} RunSize */

/**
 * A deployment with `nodes` nodes connected, and `absent` more that are members and do not come by themselves, for the
 * time of `work`. Everything is stopped and removed after it.
 * @template T
 * @param {{ readonly nodes: number, readonly absent?: number, readonly mode: 'idle' | 'download' | 'train',
 *   readonly processes?: number, readonly cutPpm?: number, readonly profile?: string | undefined }} options
 * @param {(federation: Federation) => Promise<T>} work
 * @returns {Promise<T>}
 */
export function withFederation(options, work) {
  const { nodes, absent = 0, mode, processes = 1, cutPpm = 0, profile } = options;
  return inScratch(async (data) => {
    const coordinator = await Coordinator.start(data, { profile });
    /** @type {Fleet | undefined} */
    let fleet;
    try {
      const startMs = performance.now();
      const enrolled = await enrol(coordinator, nodes + absent);
      const enrolMs = performance.now() - startMs;
      fleet = await Fleet.open(coordinator, enrolled.slice(0, nodes), { mode, processes, cutPpm });
      const launch = async (/** @type {RunSize} */ { d, rounds }) => {
        const spec = runYaml({ d, nodes: nodes + absent, rounds });
        const { run } = await coordinator.api('runs', { spec, pot: '0' });
        return run;
      };
      const absentees = enrolled.slice(nodes);
      return await work({ coordinator, fleet, absentees, enrolMs, launch });
    } finally {
      await fleet?.close();
      await coordinator.stop();
    }
  });
}
