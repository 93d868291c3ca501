import { describe, expect, it } from 'vitest';
import { parseRunSpec } from './parse-run-spec.js';

const EXAMPLE = `tallystick: 1
name: digits
purpose: DUO:0000007
data: { dataset: digits, label: { column: num, above: 0 }, split: { column: set }, features: [{ column: age }] }
model: { layers: [{ dense: { units: 1 } }], loss: sigmoidCrossEntropy }
local: { epochs: 1, batchSize: 4, optimizer: { sgd: { learningRate: 0.1 } } }
strategy: { STRATEGY: {} }
rounds: 3
window: { count: { min: 4, max: 8 }, deadlineMs: 60000 }
`;

/** `path: message` of every fault of the example with `strategy` and other lines. */
function faultsOf(strategy: string, change: (yaml: string) => string): string[] {
  const parsed = parseRunSpec(change(EXAMPLE.replace('STRATEGY', strategy)));
  return parsed.ok ? [] : parsed.faults.map(({ path, message }) => `${path}: ${message}`);
}

const plus =
  (line: string) =>
  (yaml: string): string =>
    `${yaml}${line}\n`;
const optimizer =
  (momentum: number, mu: number) =>
  (yaml: string): string =>
    yaml.replace('0.1 } }', `0.1, momentum: ${momentum} } }, proximalMu: ${mu}`);

describe.each(['scaffold', 'fedNova'])('a run with %s', (name) => {
  it('is accepted with plain, complete, exact updates', () => {
    expect(faultsOf(name, (yaml) => yaml)).toEqual([]);
    expect(faultsOf(name, plus('numeric: { weighting: equal, cap: 500 }'))).toEqual([]);
  });

  it.each([
    ['a smaller codec', plus('numeric: { codec: i8 }'), 'numeric.codec: must be i32 with NAME'],
    ['top-k', plus('numeric: { topPpm: 9000 }'), 'numeric.topPpm: cannot be combined with NAME'],
    ['clipping', plus('clip: { norm: 1 }'), 'clip: cannot be combined with NAME'],
    [
      'a robust rule',
      plus('robust: { rule: median, attackers: 1 }'),
      'robust: cannot be combined with NAME',
    ],
    [
      'asynchronous rounds',
      plus('asynchronous: { maxStaleness: 2 }'),
      'asynchronous: cannot be combined with NAME',
    ],
    ['momentum', optimizer(0.9, 0), 'local.optimizer.sgd.momentum: must be 0 with NAME'],
    ['a proximal term', optimizer(0, 0.1), 'local.proximalMu: must be 0 with NAME'],
  ])('refuses %s', (_, change, fault) => {
    expect(faultsOf(name, change)).toEqual([expect.stringContaining(fault.replace('NAME', name))]);
    // The same line is no fault of another strategy.
    expect(faultsOf('fedAvg', change)).toEqual([]);
  });
});

describe('a part of the eligible nodes', () => {
  const half = plus('cohort: { fractionPpm: 500000 }');

  it('is refused with scaffold alone', () => {
    expect(faultsOf('scaffold', half)).toEqual([
      'cohort.fractionPpm: must be 1000000 with scaffold: every node keeps a control',
    ]);
    expect(faultsOf('fedNova', half)).toEqual([]);
    expect(faultsOf('fedAvg', half)).toEqual([]);
  });
});
