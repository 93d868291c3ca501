import { asHash, asRunId, type NodeId } from '@tallystick/kernel';
import { parseRunSpec, type RoundView, type RunSpec, type RunView } from '@tallystick/protocol';
import type { RunHistory } from '../history/run-history.js';

const SPEC = `
tallystick: 1
name: tiny
purpose: DUO:0000007
data:
  dataset: heart
  label: { column: num, above: 0 }
  split: { column: set }
  features: [ { column: age, scale: standard } ]
model: { layers: [ { dense: { units: 1 } } ], loss: sigmoidCrossEntropy, init: zeros }
local: { steps: 1, batchSize: 1, optimizer: { sgd: { learningRate: 0.1 } } }
strategy: { fedAvg: {} }
rounds: 3
window: { count: { min: 2, max: 2 }, deadlineMs: 60000 }
`;

/** A spec; `edit` changes its text. */
export function tinySpec(edit: (text: string) => string = (text) => text): RunSpec {
  const parsed = parseRunSpec(edit(SPEC), 'run.yaml');
  if (!parsed.ok) throw parsed.error;
  return parsed.spec;
}

/** Three closed rounds of two sites, `alpha` (10 rows) and `beta` (30 rows). */
export function twoSiteRun(run = 0, changes: Partial<RunHistory> = {}): RunHistory {
  const names = new Map([
    [0, 'alpha'],
    [1, 'beta'],
  ]);
  return {
    view: viewOf(run),
    spec: tinySpec(),
    rounds: [0, 1, 2].map((round) => roundOf(run, round)),
    nameOf: (node) => names.get(node) ?? `node-${node}`,
    ...changes,
  };
}

function viewOf(run: number): RunView {
  return {
    run: asRunId(run),
    name: 'tiny',
    purpose: 'DUO:0000007',
    status: 'completed',
    queue: null,
    reason: null,
    spec: asHash('a'.repeat(64)),
    rounds: 3,
    closedRounds: 3,
    committedRounds: 3,
    voidRounds: 0,
    lastRound: 2,
    genesisModel: asHash('b'.repeat(64)),
    model: asHash('c'.repeat(64)),
    best: { round: 2, model: asHash('c'.repeat(64)), loss: 500_000_000 },
    pot: '0',
    createdAtMs: 1_700_000_000_000,
    endedAtMs: 1_700_000_009_000,
    losses: [],
    owner: null,
    current: null,
  };
}

function roundOf(run: number, round: number): RoundView {
  const evaluation = (node: number, numExamples: number, accuracy: number) => ({
    node: node as NodeId, // numbers of a test
    numExamples,
    metrics: { accuracy },
  });
  return {
    run: asRunId(run),
    round,
    status: 'committed',
    header: asHash('d'.repeat(64)),
    modelBefore: asHash('b'.repeat(64)),
    modelAfter: asHash('c'.repeat(64)),
    cohort: 2,
    included: 2,
    excluded: 0,
    sumWeight: '40',
    metrics: { lossBefore: 900_000_000 - round * 100_000_000 },
    closedAtMs: 1_700_000_001_000 + round * 2_500,
    emptyReason: null,
    commit: null,
    evaluations: [evaluation(0, 10, 1_000_000_000), evaluation(1, 30, 500_000_000)],
  };
}
