import { sha256 } from '@tallystick/kernel/node';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../limits.js';
import { parseCanonicalSpec, parseRunSpec, specHash } from './parse-run-spec.js';
import { payoutOf } from './payout-of.js';

/** The example of protocol.md §2. */
const EXAMPLE = `tallystick: 1
name: heart-disease
purpose: DUO:0000007
data:    { dataset: heart, label: { column: num, above: 0 }, split: { column: set }, missing: drop,
           features: [ { column: age, scale: standard }, { column: cp, oneHot: [2, 3, 4] } ] }
model:   { layers: [ { dense: { units: 1 } } ], loss: sigmoidCrossEntropy, init: { uniform: 0.2773500981 } }
local:   { steps: 100, batchSize: 4, optimizer: { sgd: { learningRate: 0.003162 } }, proximalMu: 0 }
strategy: { fedAdagrad: { serverLearningRate: 0.316228, tau: 1.0e-8, beta1: 0.9 } }
rounds:  15
window:  { count: { min: 4, max: 4 }, deadlineMs: 60000 }
maxEmptyRounds: 3
numeric: { codec: i32, weighting: examples }
cohort:  { fractionPpm: 1000000, beacon: spec }
maxUncommitted: 64
seed: 0
`;

/** What may be left out: the defaults are the example's. */
const SHORT = EXAMPLE.replace(/^(maxEmptyRounds|numeric|cohort|maxUncommitted|seed):.*\n/gm, '')
  .replace(', missing: drop', '')
  .replace(', proximalMu: 0', '')
  .replace(', beta1: 0.9', '');

/** `line:column path: message` of every fault. */
function faultsOf(yaml: string): string[] {
  const parsed = parseRunSpec(yaml);
  return parsed.ok
    ? []
    : parsed.faults.map(
        ({ line, column, path, message }) =>
          `${line}:${column} ${path === '' ? '' : `${path}: `}${message}`,
      );
}

/** The example with one line replaced. */
function changed(key: string, line: string): string {
  return EXAMPLE.replace(new RegExp(`^${key}:(?:.*\\n)(?: +.*\\n)*`, 'm'), `${line}\n`);
}

describe('parseRunSpec', () => {
  it('fills in defaults, so that short and long spellings are one spec', () => {
    const long = parseRunSpec(EXAMPLE);
    const short = parseRunSpec(SHORT);
    expect(SHORT.length).toBeLessThan(EXAMPLE.length - 100);
    expect(long).toEqual(short);
    expect(long.ok && long.spec.numeric.cap).toBe(1_000_000);
  });

  it('does not see comments, order or style', () => {
    const reordered = EXAMPLE.trimEnd()
      .split(/\n(?=[a-z])/)
      .reverse()
      .join('\n# a comment\n');
    expect(parseRunSpec(reordered)).toEqual(parseRunSpec(EXAMPLE));
    expect(parseRunSpec(changed('rounds', 'rounds: 0xF'))).toEqual(parseRunSpec(EXAMPLE));
    expect(parseRunSpec(changed('seed', 'seed: -0'))).toEqual(parseRunSpec(EXAMPLE));
  });

  it('gives bytes that parse to the same spec', () => {
    const parsed = parseRunSpec(EXAMPLE);
    expect(parsed.ok && parseCanonicalSpec(parsed.canonical)).toEqual(parsed);
  });

  it('has another hash for every change of a value', () => {
    const hashes = [EXAMPLE, changed('seed', 'seed: 1'), changed('rounds', 'rounds: 16')].map(
      (yaml) => {
        const parsed = parseRunSpec(yaml);
        return parsed.ok ? specHash(sha256, parsed.canonical) : yaml;
      },
    );
    expect(new Set(hashes).size).toBe(3);
  });

  it('reports all faults at once with line and column', () => {
    const yaml = `tallystick: 2
name: Heart
purpos: DUO:0000007
data:
  dataset: heart
  label: { column: num, above: 0, classes: [1, 2] }
  split: { column: set, train: a, test: a }
  features:
    - { column: age, scale: standrd }
    - { column: cp, oneHot: [2, 2], scale: none }
    - column: 3
      impute: meen
model: { layers: [], loss: sigmoidCrosEntropy, init: glorotUnifrm }
local: { steps: 1, epochs: 1, batchSize: 0, optimizer: { sdg: { learningRate: .inf } } }
strategy: { fedAdgrad: { serverLearningRate: 1 } }
rounds: fifteen
window: { count: { min: 4, max: 3 } }
seed: 1.5
seed: 0
`;
    expect(faultsOf(yaml)).toEqual([
      '1:1 tallystick: must be 1, got 2',
      '1:1 purpose: is required',
      '2:1 name: must be lower-case letters, digits and -, at most 63, got "Heart"',
      '3:1 purpos: is not a known key; did you mean purpose?',
      '6:3 data.label: above and classes exclude each other',
      '7:35 data.split.test: must differ from train',
      '9:22 data.features[0].scale: must be standard or none, got "standrd"; did you mean standard?',
      '10:21 data.features[1].oneHot: must not name a value twice',
      '11:7 data.features[2].column: must be a text, got 3',
      '12:7 data.features[2].impute: must be a finite number, mean or median, got "meen"; did you mean mean?',
      '13:10 model.layers: must have at least 1 entries, got []',
      '13:22 model.loss: must be sigmoidCrossEntropy, softmaxCrossEntropy or meanSquaredError, got "sigmoidCrosEntropy"; did you mean sigmoidCrossEntropy?',
      '13:48 model.init: must be { uniform }, glorotUniform or zeros, got "glorotUnifrm"; did you mean glorotUniform?',
      '14:10 local.steps: give either steps or epochs',
      '14:31 local.batchSize: must be at least 1, got 0',
      '14:45 local.optimizer.sgd: is required',
      '14:58 local.optimizer.sdg: is not a known key; did you mean sgd?',
      '14:79 .inf is not a finite number',
      '15:13 strategy.fedAdgrad: is not a known key; did you mean fedAdagrad?',
      '16:1 rounds: must be a whole number, got "fifteen"',
      '17:1 window.deadlineMs: is required',
      '17:28 window.count.max: must not be below min',
      '19:1 this key stands here twice',
    ]);
  });

  it.each([
    [
      'strategy: {}',
      'strategy: needs one of fedAvg, fedAvgM, fedAdagrad, fedAdam, fedYogi, scaffold or fedNova',
    ],
    [
      'strategy: 3',
      'strategy: must be { fedAvg }, { fedAvgM }, { fedAdagrad }, { fedAdam }, { fedYogi }, { scaffold } or { fedNova }, got 3',
    ],
    [
      'strategy: { fedAvg: {}, fedAdam: { serverLearningRate: 1 } }',
      'strategy: fedAvg and fedAdam exclude each other',
    ],
    [
      'strategy: { fedAdam: { serverLearningRate: 1, tau: 0 } }',
      'strategy.fedAdam.tau: must be at least 1e-12, got 0',
    ],
    [
      'strategy: { fedAdam: { serverLearningRate: 1, beta2: 1 } }',
      'strategy.fedAdam.beta2: must be less than 1, got 1',
    ],
    [
      'strategy: { fedAvgM: { serverLearningRate: 0 } }',
      'strategy.fedAvgM.serverLearningRate: must be greater than 0, got 0',
    ],
    [
      'strategy: { fedAvg: { eta: 1 } }',
      'strategy.fedAvg.eta: is not a known key; known here: serverLearningRate',
    ],
  ])('%s', (line, fault) => {
    expect(faultsOf(changed('strategy', line))).toEqual([expect.stringContaining(fault)]);
  });

  it.each([
    [
      'loss: softmaxCrossEntropy, layers: [{ dense: { units: 1 } }]',
      'model.loss: softmaxCrossEntropy needs a label with classes',
    ],
    [
      'loss: sigmoidCrossEntropy, layers: [{ dense: { units: 2 } }]',
      'model.layers[0].dense.units: must be 1 in the last layer for this label, got 2',
    ],
    [
      'loss: sigmoidCrossEntropy, layers: [{ dense: { units: 1, activation: relu } }]',
      'model.layers[0].dense.activation: must be linear in the last layer: sigmoidCrossEntropy takes logits',
    ],
  ])('model: { %s }', (model, fault) => {
    expect(faultsOf(changed('model', `model: { ${model} }`))).toEqual([
      expect.stringContaining(fault),
    ]);
  });

  it.each([
    ['window: { count: { min: 2 }, deadlineMs: 1000 }', 'window.count.max: must be given'],
    ['earlyStop: { patience: 3 }', 'earlyStop: cannot be combined with asynchronous rounds'],
    ['cohort: { fractionPpm: 500000 }', 'cohort.fractionPpm: must be 1000000'],
    ['strategy: { scaffold: {} }', 'asynchronous: cannot be combined with scaffold'],
    ['asynchronous: { maxStaleness: 65 }', 'asynchronous.maxStaleness: must be at most 64, got 65'],
  ])('asynchronous rounds with %s', (line, fault) => {
    const key = line.slice(0, line.indexOf(':'));
    const yaml = `${EXAMPLE}asynchronous: { maxStaleness: 4 }\n`;
    const field = new RegExp(`^${key}:.*\\n`, 'm');
    const changedTo = field.test(yaml) ? yaml.replace(field, `${line}\n`) : `${yaml}${line}\n`;
    expect(faultsOf(yaml)).toEqual([]);
    expect(faultsOf(changedTo)).toEqual(expect.arrayContaining([expect.stringContaining(fault)]));
  });

  it.each([
    ['payout: { policy: wieght }', 'must be weight, equal or contribution, got "wieght"; did you'],
    ['payout: { epochRounds: 0 }', 'payout.epochRounds: must be at least 1, got 0'],
    ['payout: { epochRounds: 1025 }', 'payout.epochRounds: must be at most 1024, got 1025'],
    ['payout: { capPpm: 0 }', 'payout.capPpm: must be at least 1, got 0'],
    ['payout: { capPpm: 1000001 }', 'payout.capPpm: must be at most 1000000, got 1000001'],
    [
      'payout: { pot: 5 }',
      'payout.pot: is not a known key; known here: policy, epochRounds, capPpm',
    ],
    ['payout: { policy: contribution }', 'payout.validation: must be given with contribution'],
    [
      `payout: { validation: { sha256: ${'0a'.repeat(32)} } }`,
      'payout.validation: belongs to contribution alone',
    ],
    [
      'payout: { policy: contribution, validation: { sha256: ABC } }',
      'payout.validation.sha256: must be 64 lower-case hex digits, got "ABC"',
    ],
    ['consent: no', 'consent: must be required or implied, got "no"'],
  ])('%s', (line, fault) => {
    expect(faultsOf(`${EXAMPLE}${line}\n`)).toEqual([expect.stringContaining(fault)]);
  });

  it('pays by weight where nothing is said, without a word in the canonical bytes', () => {
    const silent = parseRunSpec(EXAMPLE);
    const spoken = parseRunSpec(`${EXAMPLE}payout: {}\nconsent: required\n`);
    expect(silent.ok && payoutOf(silent.spec)).toEqual({
      policy: 'weight',
      epochRounds: 5,
      capPpm: 1_000_000,
    });
    expect(silent.ok && silent.canonical).not.toMatch(/payout|consent/);
    expect(spoken.ok && payoutOf(spoken.spec)).toEqual(silent.ok && payoutOf(silent.spec));
    expect(spoken.ok && spoken.canonical).toContain('"consent":"required",');
    expect(spoken.ok && spoken.canonical).toContain(
      '"payout":{"capPpm":1000000,"epochRounds":5,"policy":"weight"}',
    );
  });

  it('by contribution it shares one pot at the end, unless the spec says otherwise', () => {
    const by = `policy: contribution, validation: { sha256: ${'0a'.repeat(32)} }`;
    const one = parseRunSpec(`${EXAMPLE}payout: { ${by} }\n`);
    const several = parseRunSpec(`${EXAMPLE}payout: { ${by}, epochRounds: 3 }\n`);
    expect(one.ok && one.canonical).not.toContain('epochRounds');
    expect(one.ok && payoutOf(one.spec).epochRounds).toBe(one.ok && one.spec.rounds);
    expect(several.ok && payoutOf(several.spec).epochRounds).toBe(3);
    expect(one.ok && payoutOf({ ...one.spec, rounds: 5_000 }).epochRounds).toBe(1_024);
  });

  it('draws cohorts from blocks only where the chain is waited for', () => {
    const chain = (lag: string, maxUncommitted: number): string[] =>
      faultsOf(
        changed('cohort', `cohort: { fractionPpm: 500000, beacon: chain${lag} }`).replace(
          /maxUncommitted: .*/,
          `maxUncommitted: ${maxUncommitted}`,
        ),
      ).map((fault) => fault.replace(/^\S+ /, ''));
    expect(chain(', lag: 3', 2)).toEqual([]);
    expect(chain(', lag: 3', 3)).toEqual(['maxUncommitted: must be at most 2 with a lag of 3']);
    expect(chain('', 1)).toEqual(['cohort.lag: must be given with `beacon: chain`: 2 or more']);
    expect(chain(', lag: 1', 1)).toEqual([
      expect.stringContaining('cohort.lag: must be at least 2'),
    ]);
    expect(faultsOf(changed('cohort', 'cohort: { lag: 2 }'))).toEqual([
      expect.stringContaining('belongs to `beacon: chain` alone'),
    ]);
  });

  it('refuses the label among the features', () => {
    const yaml = EXAMPLE.replace('column: age', 'column: num');
    expect(faultsOf(yaml)).toEqual([
      '5:26 data.features[0].column: num is the label, not a feature',
    ]);
  });

  it.each([
    [
      'anchors and aliases',
      'a: &x 1\nb: *x',
      ['1:7 anchors are not allowed (&x)', '2:4 aliases are not allowed'],
    ],
    ['tags', 'seed: !!str 1', ['1:13 tags are not allowed (tag:yaml.org,2002:str)']],
    ['unknown tags', 'seed: !foo 1', ['1:12 tags are not allowed (!foo)']],
    ['directives', '%YAML 1.1\n---\nseed: yes', ['1:1 directives are not allowed']],
    ['tabs', 'a:\n\tb: 1', ['2:1 Tabs are not allowed as indentation']],
    ['several documents', 'a: 1\n---\nb: 2', ['2:1 only one document is allowed']],
    ['lone surrogates', 'name: "\\ud800"', ['1:7 holds a lone surrogate']],
    ['overflowing numbers', 'seed: 1e999', ['1:7 1e999 is not a finite number']],
    ['nothing', '', ['1:1 is empty']],
    ['a comment alone', '# seed: 1\n', ['1:1 is empty']],
  ])('refuses %s', (_, yaml, faults) => {
    expect(faultsOf(yaml)).toEqual(expect.arrayContaining(faults));
  });

  it('reads YAML 1.2, where yes is a text and __proto__ a key like any other', () => {
    expect(faultsOf(changed('seed', 'seed: yes'))).toEqual([
      '15:1 seed: must be a whole number, got "yes"',
    ]);
    expect(faultsOf(`${EXAMPLE}__proto__: { rounds: 1 }\n`)).toEqual([
      expect.stringContaining('16:1 __proto__: is not a known key'),
    ]);
  });

  it.each([
    ['brackets', '['.repeat(100_000), 'is nested deeper than 64'],
    ['braces', '{a: '.repeat(50_000), 'is nested deeper than 64'],
    ['dashes', '- '.repeat(100_000), 'is nested deeper than 64'],
    [
      'keys',
      `a:\n${Array.from({ length: 20_000 }, (_, i) => ` k${i}: 1\n`).join('')}`,
      'has more than 256 keys',
    ],
    ['entries', `a: [${'1,'.repeat(120_000)}]`, 'has more than 100000 nodes'],
    ['bytes', `# ${'x'.repeat(LIMITS.maxRunSpecBytes)}`, 'has 1048578 bytes, the limit is 1048576'],
  ])('survives too many %s', (_, yaml, fault) => {
    expect(faultsOf(yaml)).toEqual([expect.stringContaining(fault)]);
  });

  it('shows a hundred faults of thousands', () => {
    const faults = faultsOf(Array.from({ length: 250 }, (_, i) => `k${i}: 1\n`).join(''));
    expect(faults).toHaveLength(101);
    expect(faults.at(-1)).toMatch(/and \d+ more faults$/);
  });

  it('makes an error that names the file', () => {
    const parsed = parseRunSpec(changed('seed', 'seed: -1'), 'mine.yaml');
    expect(!parsed.ok && parsed.error.code).toBe('CONFIG_RUN_SPEC_INVALID');
    expect(!parsed.ok && parsed.error.message).toContain(
      'mine.yaml:15:1 seed: must be at least 0, got -1',
    );
  });
});

describe('parseCanonicalSpec', () => {
  const parsed = parseRunSpec(EXAMPLE);
  const canonical = parsed.ok ? parsed.canonical : '';

  it.each([
    ['white space', ` ${canonical}`],
    [
      'an order',
      canonical
        .replace('{"cohort"', '{"tallystick":1,"cohort"')
        .replace(',"tallystick":1,"window"', ',"window"'),
    ],
    ['a number', canonical.replace('"rounds":15', '"rounds":15.0')],
    ['a default left out', canonical.replace(',"seed":0', '')],
    ['a string escape', canonical.replace('"heart-disease"', '"heart\\u002ddisease"')],
  ])('refuses another spelling of %s', (_, json) => {
    expect(json).not.toBe(canonical);
    const other = parseCanonicalSpec(json);
    expect(!other.ok && other.faults[0]?.message).toContain('is not the canonical JSON');
  });

  it('refuses a spec that is not valid', () => {
    const other = parseCanonicalSpec(canonical.replace('"rounds":15', '"rounds":0'));
    expect(!other.ok && other.error.message).toContain('rounds: must be at least 1, got 0');
  });

  it('run-spec.json', async () => {
    const paid = `payout: { policy: contribution, capPpm: 400000, validation: { sha256: ${'0a'.repeat(32)} } }\n`;
    const specs = [
      EXAMPLE,
      SHORT,
      changed('strategy', 'strategy: { fedAvg: {} }'),
      `${EXAMPLE}consent: required\n${paid}`,
    ].map((yaml) => {
      const { canonical: bytes } = { canonical: '', ...parseRunSpec(yaml) };
      return { yaml, canonical: bytes, hash: specHash(sha256, bytes) };
    });
    await expect(`${JSON.stringify({ specs }, null, 2)}\n`).toMatchFileSnapshot(
      '../../../../test-vectors/run-spec.json',
    );
  });
});
