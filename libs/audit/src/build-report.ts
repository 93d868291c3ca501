import type { NodeId, PublicKey } from '@tallystick/kernel';
import { type AnchorReport, keysOf } from './anchors.js';
import type { BundleManifest } from './bundle/manifest.js';
import type { RoundEvidence } from './bundle/round-evidence.js';
import { type Finding, OPTIONAL_STEPS, type StepId, STEPS } from './findings.js';
import { factsOf } from './facts.js';
import type { History, VerifiedChain } from './history.js';
import { notesOn } from './notes.js';
import type { AuditReport, StepResult, Verdict } from './report.js';
import { chainFacts } from './state/chain-facts.js';
import { readNodeKey } from './state/stored-nodes.js';

/** What the steps left. `chain` and `history` are missing when no step got so far. */
export interface AuditOutcome {
  readonly manifest: BundleManifest;
  readonly chain: VerifiedChain | undefined;
  readonly history: History | undefined;
  readonly finding: Finding | undefined;
  /** Things checked, by step that passed. */
  readonly passed: ReadonlyMap<StepId, number>;
  readonly damaged: readonly string[];
}

/** The report of what the steps found. */
export function buildReport(outcome: AuditOutcome): AuditReport {
  const { chain, history, finding, manifest, damaged } = outcome;
  // where a step failed, the rest of the state may not be readable at all
  const whole = finding === undefined ? history : undefined;
  const anchors = whole && anchorsOf(whole);
  const facts = whole && chainFacts(whole.chain);
  const verdict = verdictOf(finding, anchors);
  const rounds = history?.rounds ?? [];
  const report: Omit<AuditReport, 'facts'> = {
    verdict,
    summary: summaryOf(verdict, finding, anchors),
    run: manifest.run,
    genesis: chain?.genesis ?? null,
    head: chain?.head.hash ?? null,
    rounds: rounds.length,
    emptyRounds: rounds.filter(({ leaves }) => leaves.length === 0).length,
    plannedRounds: history?.spec.rounds ?? null,
    model: rounds.at(-1)?.header.value.modelAfter ?? null,
    steps: stepsOf(outcome),
    finding: finding ?? null,
    anchors: anchors ?? null,
    chain: facts ?? null,
    notIncluded: notIncluded(rounds),
    notes: whole === undefined || facts === undefined ? [] : notesOn(whole, facts),
    damaged,
  };
  return { ...report, facts: factsOf(report) };
}

function stepsOf({ passed, finding }: AuditOutcome): readonly StepResult[] {
  const asked = OPTIONAL_STEPS.filter(({ id }) => passed.has(id) || finding?.step === id);
  return [...STEPS, ...asked].map(({ id, title }) => {
    const checked = passed.get(id);
    const failed = finding?.step === id ? 'failed' : 'not reached';
    const outcome = checked === undefined ? failed : 'passed';
    return { step: id, title, outcome, checked: checked ?? 0 };
  });
}

/** Every (node, key) whose receipts counted. */
function countedKeys(history: History): ReadonlyMap<NodeId, ReadonlySet<PublicKey>> {
  const keys = new Map<NodeId, Set<PublicKey>>();
  for (const { task, leaves } of history.rounds) {
    const read = history.chain.stateAt(task.value.atBlock);
    for (const { node, keyEpoch } of leaves) {
      const key = readNodeKey(read, node, keyEpoch)?.key;
      const known = keys.get(node) ?? new Set();
      if (key !== undefined) known.add(key);
      keys.set(node, known);
    }
  }
  return keys;
}

function anchorsOf(history: History): AnchorReport {
  const { logs, nodeKeys, genesis, head } = history.anchors;
  const vouched = new Set([...nodeKeys, ...logs.flatMap(keysOf)]);
  const counted = [...countedKeys(history)].toSorted(([a], [b]) => a - b);
  const isAnchored = (keys: ReadonlySet<PublicKey>): boolean =>
    keys.size > 0 && [...keys].every((key) => vouched.has(key));
  const held = logs.flatMap(({ headers }) => headers.map(({ round }) => round));
  return {
    genesis: genesis !== undefined || logs.length > 0,
    head: head !== undefined,
    anchored: counted.filter(([, keys]) => isAnchored(keys)).map(([node]) => node),
    unanchored: counted.filter(([, keys]) => !isAnchored(keys)).map(([node]) => node),
    headersChecked: held.length,
    promisesChecked: logs.reduce((sum, log) => sum + log.promises.length, 0),
    receiptsChecked: logs.reduce((sum, log) => sum + (log.receipts?.length ?? 0), 0),
    lastHeader: held.length === 0 ? null : held.reduce((a, b) => Math.max(a, b)),
  };
}

/** Nothing is verified of a run in which nobody was counted. */
function verdictOf(finding: Finding | undefined, anchors: AnchorReport | undefined): Verdict {
  if (finding !== undefined) return 'FAILED';
  const isAnchored =
    anchors?.genesis === true && anchors.anchored.length > 0 && anchors.unanchored.length === 0;
  return isAnchored ? 'VERIFIED' : 'CONSISTENT';
}

function summaryOf(
  verdict: Verdict,
  finding: Finding | undefined,
  anchors: AnchorReport | undefined,
): string {
  if (finding !== undefined) {
    const { step, round, record, expected, found, by } = finding;
    const where = round === undefined ? '' : ` in round ${round}`;
    return `FAILED at ${step}${where}: ${record}: expected ${expected}, found ${found} (${by})`;
  }
  if (verdict === 'VERIFIED') return 'VERIFIED';
  const counted = (anchors?.anchored.length ?? 0) + (anchors?.unanchored.length ?? 0);
  const missing = [
    ...(anchors?.genesis === true ? [] : ['genesis']),
    ...(anchors?.unanchored ?? []).map((node) => `key of node ${node}`),
    ...(counted === 0 ? ['no node was counted'] : []),
  ];
  return `CONSISTENT (unanchored: ${missing.join(', ')})`;
}

function notIncluded(rounds: readonly RoundEvidence[]): AuditReport['notIncluded'] {
  const counts = new Map<NodeId, number>();
  for (const { node } of rounds.flatMap(({ excluded }) => excluded)) {
    counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  return [...counts]
    .map(([node, count]) => ({ node, rounds: count }))
    .toSorted((a, b) => a.node - b.node);
}
