// @ts-check
/** Two inputs: with u and v units the dense layers have 3u, (u + 1)v and v + 1 parameters. */
const INPUTS = 2;

/** Units of two hidden layers that give about d parameters. @param {number} d at least 100 */
export function unitsFor(d) {
  const u = Math.floor(Math.sqrt(d));
  const v = Math.floor((d - (INPUTS + 1) * u - 1) / (u + 2));
  return { u, v, d: (INPUTS + 1) * u + (u + 1) * v + v + 1 };
}

/**
 * A run of about d parameters over all of `nodes` nodes.
 * @param {{ readonly d: number, readonly nodes: number, readonly rounds: number, readonly deadlineMs?: number }} size
 */
export function runYaml({ d, nodes, rounds, deadlineMs = 600_000 }) {
  const { u, v } = unitsFor(d);
  return `tallystick: 1
name: bench
purpose: DUO:0000007
data:
  dataset: bench
  label: { column: y, above: 0 }
  split: { column: set }
  features: [ { column: a, scale: standard }, { column: b, scale: standard } ]
model:
  layers: [ { dense: { units: ${u} } }, { dense: { units: ${v} } }, { dense: { units: 1 } } ]
  loss: sigmoidCrossEntropy
  init: zeros
local: { steps: 1, batchSize: 1, optimizer: { sgd: { learningRate: 0.1 } } }
strategy: { fedAvg: {} }
rounds: ${rounds}
window: { count: { min: ${nodes}, max: ${nodes} }, deadlineMs: ${deadlineMs} }
maxUncommitted: 64
`;
}
