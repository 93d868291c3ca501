import type { StepId } from './findings.js';
import type { AuditReport } from './report.js';

/** Something that the audit recomputed or was given, which sentences of the report rest on. */
export interface Fact {
  /** Unique in the report. */
  readonly id: string;
  /** The step that recomputed it; null: it was given, or follows from the method. */
  readonly step: StepId | null;
  readonly value: string | number | boolean | null;
  /** The file or state it was read from, or who gave it. */
  readonly source: string;
}

type Findings = Omit<AuditReport, 'facts'>;

const SPEC = 'chain/spec.json';
const BLOCKS = 'chain/blocks.bin';
const ROUNDS = 'rounds/';
const LOGS = 'the nodes’ logs you brought';

/** Everything the report's sentences rest on, in the order in which they say it. */
export function factsOf(report: Findings): readonly Fact[] {
  return [
    ...runFacts(report),
    ...report.steps.map(({ step, outcome, checked }) => {
      const value = outcome === 'passed' ? checked : outcome;
      return { id: step, step, value, source: sourceOf(step) };
    }),
    ...findingFacts(report),
    ...anchorFacts(report),
    ...report.notIncluded.map(({ node, rounds }): Fact => {
      return { id: `notIncluded.${node}`, step: 'V3', value: rounds, source: ROUNDS };
    }),
    ...report.notes.map((value, i): Fact => {
      return { id: `note.${i}`, step: 'V9', value, source: `${ROUNDS}, ${BLOCKS}` };
    }),
    ...chainFacts(report),
    { id: 'method', step: null, value: 'evidence shows what was signed', source: 'protocol §7' },
    { id: 'verdict', step: null, value: report.verdict, source: 'the steps and the anchors' },
  ];
}

function runFacts(report: Findings): readonly Fact[] {
  const { run, rounds, emptyRounds, plannedRounds, genesis, head, model } = report;
  return [
    { id: 'run', step: null, value: run, source: 'manifest.json' },
    { id: 'rounds', step: 'V2', value: rounds, source: 'Tally.Runs at the head' },
    { id: 'emptyRounds', step: 'V2', value: emptyRounds, source: `${ROUNDS}*/leaves.bin` },
    { id: 'plannedRounds', step: 'V2', value: plannedRounds, source: 'run/spec.json' },
    { id: 'genesis', step: 'V1', value: genesis, source: SPEC },
    { id: 'head', step: 'V1', value: head, source: BLOCKS },
    { id: 'model', step: 'V2', value: model, source: `${ROUNDS}*/header.bin` },
  ];
}

function findingFacts({ finding, damaged }: Findings): readonly Fact[] {
  const files = damaged.map((value, i): Fact => {
    return { id: `damaged.${i}`, step: null, value, source: 'manifest.json' };
  });
  if (finding === null) return files;
  const { step, record, expected, found, by } = finding;
  const fact = (id: string, value: string): Fact => ({ id, step, value, source: record });
  return [
    fact('finding.record', record),
    fact('finding.expected', expected),
    fact('finding.found', found),
    fact('finding.by', by),
    ...files,
  ];
}

function anchorFacts({ anchors }: Findings): readonly Fact[] {
  if (anchors === null) return [];
  const nodes = (list: readonly number[]): string => list.join(', ');
  return [
    { id: 'anchors.genesis', step: 'V1', value: anchors.genesis, source: 'you' },
    { id: 'anchors.head', step: 'V1', value: anchors.head, source: 'you' },
    { id: 'anchors.headers', step: 'V2', value: anchors.headersChecked, source: LOGS },
    { id: 'anchors.promises', step: 'V9', value: anchors.promisesChecked, source: LOGS },
    { id: 'anchors.receipts', step: 'V4', value: anchors.receiptsChecked, source: LOGS },
    { id: 'anchors.nodes', step: 'V4', value: nodes(anchors.anchored), source: 'you' },
    { id: 'anchors.missing', step: 'V4', value: nodes(anchors.unanchored), source: ROUNDS },
    { id: 'anchors.lastHeader', step: 'V2', value: anchors.lastHeader, source: LOGS },
  ];
}

function chainFacts({ chain }: Findings): readonly Fact[] {
  if (chain === null) return [];
  const { blocks, embedded, authorities, sudo, runtimes } = chain;
  return [
    { id: 'chain.blocks', step: 'V1', value: blocks, source: BLOCKS },
    { id: 'chain.embedded', step: 'V1', value: embedded, source: 'Tally.Embedded at the head' },
    {
      id: 'chain.authorities',
      step: 'V1',
      value: authorities,
      source: 'Aura.Authorities at the head',
    },
    { id: 'chain.sudo', step: 'V1', value: sudo, source: 'Sudo.Key at every block' },
    {
      id: 'chain.runtimes',
      step: 'V1',
      value: runtimes.join(', '),
      source: ':code at every block',
    },
  ];
}

/** What a step reads first. */
function sourceOf(step: StepId): string {
  const files: Readonly<Record<StepId, string>> = {
    V1: `${SPEC}, ${BLOCKS}`,
    V2: `${ROUNDS}*/{task,header}.bin, Tally.{Runs,Rounds}`,
    V3: `${ROUNDS}*/{leaves,excluded,cohort}.bin, metrics.json`,
    V4: `${ROUNDS}*/{receipts,promises,declines}.bin, Tally.NodeKeys`,
    V5: `${ROUNDS}*/cohort.bin, Tally.{Nodes,NodeKeys,Organisations}`,
    V6: 'blobs/, the updates',
    V7: `${ROUNDS}*/{receipts,leaves,cohort}.bin`,
    V8: 'blobs/, updates, models and states',
    V9: `${ROUNDS}*/excluded.bin, Timestamp.Now`,
    V10: 'epochs/*/{epoch,entitlements,scores}.bin, leaves, Tally.{Epochs,Organisations}',
    V11: 'epochs/*/scores.json, blobs/, updates, models and the validation set',
    V12: 'the data of your site, blobs/, the model and rounds/*/leaves.bin',
  };
  return files[step];
}
