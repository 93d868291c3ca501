import { describe, expect, it } from 'vitest';
import { parseRunSpec } from './parse-run-spec.js';

const BASE = `tallystick: 1
name: robust
purpose: DUO:0000007
data:
  dataset: d
  label: { column: y, above: 0 }
  split: { column: set }
  features: [{ column: a }]
model: { layers: [{ dense: { units: 1 } }], loss: sigmoidCrossEntropy }
local: { steps: 1, batchSize: 1, optimizer: { sgd: { learningRate: 0.1 } } }
strategy: { fedAvg: {} }
rounds: 1
`;

interface Lines {
  /** Line 13. */
  readonly robust?: string;
  /** `count` of line 14. */
  readonly count?: string;
  /** Line 15. */
  readonly more?: string;
}

/** `line:column path: message` of every fault. */
function faultsOf({
  robust = '# none',
  count = '{ min: 20, max: 100 }',
  more = '',
}: Lines): string[] {
  const window = `window: { count: ${count}, deadlineMs: 1000 }`;
  const parsed = parseRunSpec(`${BASE}${robust}\n${window}\n${more}\n`);
  if (parsed.ok) return [];
  return parsed.faults.map(({ line, column, path, message }) => {
    return `${line}:${column} ${path}: ${message}`;
  });
}

describe('a robust rule', () => {
  it('is Multi-Krum against the declared attackers unless more is said', () => {
    const text = `${BASE}robust: { attackers: 4 }\nwindow: { count: { min: 11, max: 11 }, deadlineMs: 1000 }\n`;
    const parsed = parseRunSpec(text);
    expect(parsed.ok && parsed.spec.robust).toEqual({ rule: 'multiKrum', attackers: 4 });
  });

  it.each([
    ['multiKrum', 11],
    ['krum', 11],
    ['bulyan', 19],
    ['median', 9],
    ['trimmedMean', 9],
    ['geometricMedian', 9],
  ])('%s needs %d updates against 4', (rule, least) => {
    const robust = `robust: { rule: ${rule}, attackers: 4 }`;
    expect(faultsOf({ robust, count: `{ min: ${least}, max: 100 }` })).toEqual([]);
    expect(faultsOf({ robust, count: `{ min: ${least - 1}, max: 100 }` })).toEqual([
      `14:20 window.count.min: must be at least ${least}: ${rule} needs ${least} updates against 4`,
    ]);
  });

  it('counts against the tolerance, which is never below the attackers', () => {
    const robust = 'robust: { rule: trimmedMean, attackers: 2, tolerance: 5 }';
    expect(faultsOf({ robust, count: '{ min: 10, max: 100 }' })).toEqual([
      '14:20 window.count.min: must be at least 11: trimmedMean needs 11 updates against 5',
    ]);
    const below = 'robust: { rule: trimmedMean, attackers: 4, tolerance: 3 }';
    expect(faultsOf({ robust: below })).toEqual([
      '13:44 robust.tolerance: must not be below the 4 declared attackers',
    ]);
  });

  it('has a radius if and only if it clips around a centre', () => {
    const centred = 'robust: { rule: centredClipping, attackers: 4';
    expect(faultsOf({ robust: `${centred}, radius: 0.5 }` })).toEqual([]);
    expect(faultsOf({ robust: `${centred} }` })).toEqual(['13:1 robust.radius: must be given']);
    expect(faultsOf({ robust: 'robust: { rule: median, attackers: 4, radius: 0.5 }' })).toEqual([
      '13:39 robust.radius: belongs to centredClipping alone',
    ]);
    expect(faultsOf({ robust: `${centred}, radius: 0 }` })).toEqual([
      '13:48 robust.radius: must be greater than 0, got 0',
    ]);
  });

  it('takes whole updates, at most 1,024 of them', () => {
    const robust = 'robust: { attackers: 4 }';
    expect(faultsOf({ robust, more: 'numeric: { topPpm: 1000 }' })).toEqual([
      '15:12 numeric.topPpm: robust rules compare whole updates; leave it out',
    ]);
    const count = '{ min: 20, max: 1025 }';
    const why = 'be at most 1024: a robust rule compares all updates of a round';
    expect(faultsOf({ robust, count })).toEqual([`14:29 window.count.max: must ${why}`]);
    expect(faultsOf({ robust, count: '{ min: 20 }' })).toEqual([
      `14:11 window.count.max: must be given and ${why}`,
    ]);
    expect(faultsOf({ count })).toEqual([]);
    expect(faultsOf({ more: 'clip: { norm: 1 }', count })).toEqual([]);
    expect(faultsOf({ more: 'clip: { norm: 1 }', count: '{ min: 20 }' })).toEqual([]);
    expect(faultsOf({ robust, count: '{ min: 20, max: 1024 }' })).toEqual([]);
  });

  it('has a name', () => {
    expect(faultsOf({ robust: 'robust: { rule: medan, attackers: 4 }' })).toEqual([
      '13:11 robust.rule: must be multiKrum, krum, bulyan, median, trimmedMean, geometricMedian or centredClipping, got "medan"; did you mean median?',
    ]);
    expect(faultsOf({ robust: 'robust: { rule: median }' })).toEqual([
      '13:1 robust.attackers: is required',
    ]);
  });

  it('tells all its faults at once', () => {
    const faults = faultsOf({
      robust: 'robust: { rule: bulyan, attackers: 5, tolerance: 4, radius: 1 }',
      count: '{ min: 18, max: 18 }',
      more: 'numeric: { topPpm: 1 }',
    });
    expect(faults).toEqual([
      '13:39 robust.tolerance: must not be below the 5 declared attackers',
      '13:53 robust.radius: belongs to centredClipping alone',
      '14:20 window.count.min: must be at least 19: bulyan needs 19 updates against 4',
      '15:12 numeric.topPpm: robust rules compare whole updates; leave it out',
    ]);
  });
});

describe('a clip', () => {
  it('goes with any rule, and with none', () => {
    expect(faultsOf({ more: 'clip: { norm: 0.5 }' })).toEqual([]);
    const robust = 'robust: { rule: median, attackers: 4 }';
    expect(faultsOf({ robust, more: 'clip: { norm: 0.5 }' })).toEqual([]);
    expect(faultsOf({ more: 'clip: { norm: -1 }' })).toEqual([
      '15:9 clip.norm: must be greater than 0, got -1',
    ]);
  });
});

describe('payout.policy contribution', () => {
  const more = `payout: { policy: contribution, validation: { sha256: ${'0a'.repeat(32)} } }`;

  it('compares all updates of a round: there is a largest number of them', () => {
    const what = 'payout.policy contribution compares all updates of a round';
    expect(faultsOf({ more })).toEqual([]);
    expect(faultsOf({ more, count: '{ min: 2 }' })).toEqual([
      `14:11 window.count.max: must be given and be at most 1024: ${what}`,
    ]);
    expect(faultsOf({ more, count: '{ min: 2, max: 1025 }' })).toEqual([
      `14:28 window.count.max: must be at most 1024: ${what}`,
    ]);
    expect(faultsOf({ count: '{ min: 2 }' })).toEqual([]);
  });

  it('an epoch has at most 131,072 updates', () => {
    const many = more.replace('contribution,', 'contribution, epochRounds: 200,');
    expect(faultsOf({ more: many, count: '{ min: 2, max: 655 }' })).toEqual([]);
    expect(faultsOf({ more: many, count: '{ min: 2, max: 656 }' })).toEqual([
      expect.stringContaining('payout.epochRounds: must be given and be at most 199'),
    ]);
  });

  it('follows the weighted mean of updates of one model', () => {
    expect(faultsOf({ more, robust: 'robust: { rule: median, attackers: 2 }' })).toEqual([
      '13:1 robust: cannot be combined with payout.policy contribution; use clip',
    ]);
    expect(faultsOf({ more: `${more}\nasynchronous: { maxStaleness: 3 }` })).toEqual([
      '16:1 asynchronous: cannot be combined with payout.policy contribution',
    ]);
    expect(faultsOf({ more: `${more}\nclip: { norm: 2 }` })).toEqual([]);
  });
});
