import { asHash, asNodeId, asRunId } from '@tallystick/kernel';
import { describe, expect, it } from 'vitest';
import { factsOf } from './facts.js';
import { type Finding, STEPS } from './findings.js';
import { renderReport } from './render-report.js';
import { type AuditReport, exitCodeOf } from './report.js';
import { sentencesOf } from './sentences.js';

const A = asHash('aa'.repeat(32));

function withFacts(report: Omit<AuditReport, 'facts'>): AuditReport {
  return { ...report, facts: factsOf(report) };
}

/** The lines without the facts they rest on. */
function textsOf(report: AuditReport): string[] {
  return renderReport(report).map((line) => line.replace(/ {2}\[[^\]]+\]$/, ''));
}

const VERIFIED = withFacts({
  verdict: 'VERIFIED',
  summary: 'VERIFIED',
  run: asRunId(1),
  genesis: A,
  head: A,
  rounds: 4,
  emptyRounds: 1,
  plannedRounds: 3,
  model: A,
  steps: STEPS.map(({ id, title }) => ({ step: id, title, outcome: 'passed', checked: 12 })),
  finding: null,
  anchors: {
    genesis: true,
    head: false,
    anchored: [asNodeId(0), asNodeId(1)],
    unanchored: [],
    headersChecked: 8,
    promisesChecked: 1,
    receiptsChecked: 6,
    lastHeader: 3,
  },
  chain: { blocks: 12, embedded: true, authorities: 1, sudo: false, runtimes: [A] },
  notIncluded: [{ node: asNodeId(1), rounds: 1 }],
  notes: ['round 2 closed empty with 2 accepted receipts'],
  damaged: [],
});

function failed(finding: Partial<Finding>): AuditReport {
  const whole: Finding = {
    step: 'V4',
    round: 3,
    record: 'receipt of node 0',
    expected: 'signed by a key',
    found: 'another signature',
    by: 'coordinator',
    ...finding,
  };
  const steps = STEPS.map(({ id, title }) => {
    const outcome =
      Number(id.slice(1)) < 4 ? 'passed' : id === whole.step ? 'failed' : 'not reached';
    return { step: id, title, outcome, checked: 1 } as const;
  });
  const nothing = { anchors: null, chain: null, notes: [] };
  const summary = 'FAILED at V4';
  return withFacts({
    ...VERIFIED,
    ...nothing,
    verdict: 'FAILED',
    summary,
    steps,
    finding: whole,
  });
}

describe('renderReport', () => {
  it('says what was checked, what outsiders held, and what nobody can know', () => {
    expect(textsOf(VERIFIED)).toEqual([
      'run      1: 3 rounds of 3 planned, and 1 empty round',
      `genesis  ${A}`,
      `head     ${A}`,
      `model    ${A}`,
      '',
      ...STEPS.map(({ id, title }) => `${id.padEnd(3)} ok         12  ${title}`),
      '',
      'Held by outsiders and compared:',
      '  genesis yes, a block no, 8 headers, 1 promise, 6 receipts',
      '  keys of counted nodes: 0, 1; without an anchor: none',
      '  headers up to round 3: what follows rests on what the operator gave you',
      '',
      'node 1 was asked and not included in 1 round',
      '',
      'note: round 2 closed empty with 2 accepted receipts',
      '',
      `The chain is embedded: 12 blocks, 1 authority key, runtime ${A}. Its one operator`,
      '  could     invent organisations, or nodes you brought no key for',
      '  could     remove a whole run',
      '  could     replace what follows the last header an outsider holds',
      '  could     choose block times, delay transactions',
      '  could not change a round that a later receipt of a key you brought covers',
      '  could not make such a node say anything',
      '',
      'Nobody can prove from evidence:',
      '  that the private data behind an update are real',
      '  that numExamples is true',
      '  that an update is not subtly poisoned',
      '',
      'VERIFIED',
    ]);
  });

  it('puts a finding into words and says who answers for it', () => {
    const lines = textsOf({ ...failed({}), damaged: ['blobs/x (other bytes)'] });
    expect(lines).toContain('V4, round 3: receipt of node 0 does not fit.');
    expect(lines).toContain('  expected  signed by a key');
    expect(lines).toContain('  The coordinator answers for it: its key signed this round.');
    expect(lines).toContain('damaged: blobs/x (other bytes)');
    expect(
      lines.filter((line) => /^V\d+ +(ok|FAILED|-)/.test(line)).map((l) => l.slice(0, 10)),
    ).toEqual([
      'V1  ok    ',
      'V2  ok    ',
      'V3  ok    ',
      'V4  FAILED',
      'V5  -     ',
      'V6  -     ',
      'V7  -     ',
      'V8  -     ',
      'V9  -     ',
      'V10 -     ',
    ]);
    expect(lines.join('\n')).not.toContain('Its one operator');
  });

  it.each([
    ['chain operator', 'The operator of the chain answers for it'],
    ['holder of the files', 'No signature covers it'],
    ['node 3', 'It is said in the name of node 3'],
  ] as const)('blames the %s', (by, words) => {
    expect(textsOf(failed({ by })).join('\n')).toContain(words);
  });

  it('names what was not recomputed, a Sudo key, and a chain of several operators', () => {
    const early = { ...failed({ step: 'V1' }), genesis: null, head: null, model: null };
    expect(textsOf(early)).toContain('genesis  not recomputed');
    const chain = { blocks: 1, embedded: true, authorities: 1, sudo: true, runtimes: [] };
    const sudo = textsOf({ ...VERIFIED, chain });
    expect(sudo).toContain('  could     write any state with the Sudo key');
    const open = textsOf({
      ...VERIFIED,
      chain: { ...chain, embedded: false, authorities: 3 },
    });
    expect(open).toContain('The chain: 1 block, 3 authority keys, runtime none.');
    expect(open.join('\n')).not.toContain('Its one operator');
  });

  it('says when no outsider holds a header', () => {
    const anchors = VERIFIED.anchors && { ...VERIFIED.anchors, lastHeader: null };
    expect(textsOf({ ...VERIFIED, anchors })).toContain(
      '  no header: the whole history rests on what the operator gave you',
    );
  });
});

describe('the facts', () => {
  const embedded = VERIFIED.chain;
  const cases: readonly AuditReport[] = [
    VERIFIED,
    failed({}),
    withFacts({ ...failed({ step: 'V1' }), genesis: null, damaged: ['blobs/x (missing)'] }),
    withFacts({ ...VERIFIED, chain: embedded && { ...embedded, sudo: true } }),
    withFacts({ ...VERIFIED, chain: embedded && { ...embedded, embedded: false } }),
  ];

  it('E: stand behind every sentence: none without one, none behind nothing', () => {
    for (const report of cases) {
      const known = new Set(report.facts.map(({ id }) => id));
      expect(known.size).toBe(report.facts.length);
      const sentences = sentencesOf(report).flat();
      const lines = renderReport(report).filter((line) => line !== '');
      expect(lines).toHaveLength(sentences.length);
      for (const [i, { facts }] of sentences.entries()) {
        expect(facts.length).toBeGreaterThan(0);
        expect(facts.filter((id) => !known.has(id))).toEqual([]);
        expect(lines[i]).toMatch(/^V\d+ |  \[[\w. ]+\]$/);
      }
      const used = new Set<string>(sentences.flatMap(({ facts }) => facts));
      const idle = [...known].filter((id) => !used.has(id));
      expect(idle.filter((id) => id !== 'chain.sudo')).toEqual([]); // only said when there is one
    }
  });

  it('E: a number in a sentence is the value of one of its facts', () => {
    for (const report of cases) {
      const values = new Map(report.facts.map(({ id, value }) => [id, value]));
      const about = sentencesOf(report)
        .flat()
        .filter(({ facts: [first] }) => /^(V\d|anchors\.headers|notIncluded)/.test(first));
      const said = about.flatMap(({ text, facts: [first] }) => {
        const value = values.get(first);
        return typeof value === 'number' ? [{ text, value }] : [];
      });
      expect(said.length).toBeGreaterThan(0);
      expect(said.filter(({ text, value }) => !text.includes(String(value)))).toEqual([]);
    }
  });
});

describe('exitCodeOf', () => {
  it('is the number of the failed step', () => {
    expect(exitCodeOf(VERIFIED)).toBe(0);
    expect(exitCodeOf(failed({ step: 'V7' }))).toBe(7);
  });
});
