import type { SiteAsk } from '@tallystick/protocol';
import { describe, expect, it } from 'vitest';
import { askWords } from './ask-words.js';
import { consentWords } from './consent-words.js';
import { policyWords } from './policy-words.js';
import { taskWord } from './task-word.js';

const ask: SiteAsk = {
  ...{ name: 'heart', purpose: 'DUO:0000007', spec: 'aa' as SiteAsk['spec'], dataset: 'heart' },
  ...{ label: 'num above 0', columns: ['age', 'sex'], columnCount: 2, layers: [8, 1] },
  ...{ loss: 'sigmoidCrossEntropy', steps: 5, epochs: null, batchSize: 4, learningRate: 0.1 },
  ...{ strategy: 'fedAvg', robust: null, clipNorm: null, codec: 'i32', topPpm: null },
  ...{ isAsynchronous: false, needsConsent: false, rounds: 3 },
};

describe('what was asked', () => {
  it('is said in sentences', () => {
    expect(askWords(ask, 4)).toEqual([
      'Run heart, for research on a disease (DUO:0000007).',
      'It learns num above 0 from 2 columns of the data set heart: age, sex.',
      'The model has 2 layers of 8, 1 units, and its loss is sigmoidCrossEntropy.',
      'Each round trains 5 steps of 4 rows, with learning rate 0.1; there are 3 rounds at most.',
      '4 nodes are asked in this round; their updates are combined by fedAvg.',
      'What is sent: how the model changed, every position, as 32-bit numbers. No row, and no value of one.',
      'It is not masked: the coordinator can read the update of this site alone. No noise is added to it.',
      'Its length has no bound.',
      'It asks for no consent on the chain: the policy of this site decides alone.',
    ]);
  });

  it('tells epochs, a bound, a share, a rule and a consent from none', () => {
    const other = {
      ...ask,
      ...{ steps: null, epochs: 1, clipNorm: 0.5, topPpm: 12_500, codec: 'i8', needsConsent: true },
      ...{ robust: 'krum', columnCount: 40 },
    };
    const text = askWords(other, 4).join('\n');
    for (const words of [
      'trains 1 epoch in batches of 4 rows',
      'combined by fedAvg with krum',
      'the 1.25 % that changed most, as 8-bit numbers',
      'An update longer than 0.5 counts as one of that length.',
      'only nodes whose owner consented',
      'age, sex and 38 more',
    ]) {
      expect(text).toContain(words);
    }
  });
});

describe('the policy', () => {
  const site = {
    policy: {
      purposes: ['DUO:0000007', 'DUO:0009999'],
      minCohort: 3,
      models: 'any',
      onFault: 'stop',
    },
    retentionDays: 7,
  } as const;

  it('is said in sentences', () => {
    expect(
      policyWords({ ...site, policy: { ...site.policy, purposes: [...site.policy.purposes] } }),
    ).toEqual([
      'Tasks are taken for research on a disease (DUO:0000007); purpose DUO:0009999. For any other purpose they are declined.',
      'Fewer than 3 nodes in a round: declined, because among few an update is the shadow of its data.',
      'Any run of these purposes may ask.',
      'When the coordinator is caught at a fault, every later task of that run is declined.',
      'Update files are removed here after 7 days.',
    ]);
  });

  it('that allows nothing says so', () => {
    const none = { purposes: [], minCohort: 1, models: [], onFault: 'record' } as const;
    const text = policyWords({
      policy: { ...none, purposes: [], models: [] },
      retentionDays: 1,
    }).join('\n');
    expect(text).toContain('No purpose is allowed, so every task is declined.');
    expect(text).toContain('This site also trains alone');
    expect(text).toContain('No run is named, so every task is declined.');
    expect(text).toContain('after 1 day.');
  });
});

it('a consent says what it covers, and when it was revoked', () => {
  const terms = {
    ...{ fromRound: 0, untilRound: 0xffff_ffff, untilMs: 0, purposes: [7], fromBlock: 3 },
    revokedAtBlock: null,
  };
  expect(consentWords(null)).toBe('none');
  expect(consentWords(terms)).toBe('all rounds, until 1970-01-01 00:00:00 UTC, since block 3');
  expect(consentWords({ ...terms, fromRound: 2 })).toContain('from round 2,');
  expect(consentWords({ ...terms, untilRound: 9 })).toContain('rounds 0–9,');
  expect(consentWords({ ...terms, revokedAtBlock: 8 })).toBe('revoked at block 8');
});

it('a task that only downloads is not training yet', () => {
  expect(taskWord({ state: 'working', stage: 'download' })).toBe('fetching');
  expect(taskWord({ state: 'working', stage: 'train' })).toBe('training');
  expect(taskWord({ state: 'uncounted', stage: null })).toBe('not counted');
});
