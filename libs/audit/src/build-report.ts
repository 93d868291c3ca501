import type { NodeId, PublicKey } from '@tallystick/kernel';
import type { AnchorReport } from './anchors.js';
import type { BundleManifest } from './bundle/manifest.js';
import type { RoundEvidence } from './bundle/round-evidence.js';
import { readNodeKey } from './chain-state.js';
import { type Finding, type StepId, STEPS } from './findings.js';
import type { History } from './history.js';
import type { AuditReport, Verdict } from './report.js';

/** Every (node, key) whose receipts counted. */
function countedKeys(history: History): ReadonlyMap<NodeId, ReadonlySet<PublicKey>> {
  const keys = new Map<NodeId, Set<PublicKey>>();
  for (const { task, leaves } of history.rounds) {
    const read = history.chain.stateAt(task.value.atBlock);
    for (const { node, keyEpoch } of leaves) {
      const key = read === undefined ? undefined : readNodeKey(read, node, keyEpoch)?.key;
      const known = keys.get(node) ?? new Set();
      if (key !== undefined) known.add(key);
      keys.set(node, known);
    }
  }
  return keys;
}

function anchorsOf(history: History): AnchorReport {
  const { anchors } = history;
  const vouched = new Set([...anchors.nodeKeys, ...anchors.logs.map(({ key }) => key)]);
  const counted = [...countedKeys(history)].toSorted(([a], [b]) => a - b);
  const isAnchored = (keys: ReadonlySet<PublicKey>): boolean =>
    keys.size > 0 && [...keys].every((key) => vouched.has(key));
  return {
    genesis: anchors.genesis !== undefined || anchors.logs.length > 0,
    head: anchors.head !== undefined,
    anchored: counted.filter(([, keys]) => isAnchored(keys)).map(([node]) => node),
    unanchored: counted.filter(([, keys]) => !isAnchored(keys)).map(([node]) => node),
    headersChecked: anchors.logs.reduce((sum, log) => sum + log.headers.length, 0),
    promisesChecked: anchors.logs.reduce((sum, log) => sum + log.promises.length, 0),
  };
}

function summaryOf(verdict: Verdict, finding: Finding | undefined, anchors?: AnchorReport): string {
  if (finding !== undefined) {
    const where = finding.round === undefined ? '' : ` in round ${finding.round}`;
    return `FAILED at ${finding.step}${where}: ${finding.record}: expected ${finding.expected}, found ${finding.found} (${finding.by})`;
  }
  if (verdict === 'VERIFIED') return 'VERIFIED';
  const missing = [
    ...(anchors?.genesis === true ? [] : ['genesis']),
    ...(anchors?.unanchored ?? []).map((node) => `key of node ${node}`),
  ];
  return `CONSISTENT (unanchored: ${missing.join(', ')})`;
}

/** The report of what the steps found. `history` is missing when V1 or the reading of the files failed. */
export function buildReport(
  manifest: BundleManifest,
  history: History | undefined,
  outcome: {
    readonly finding: Finding | undefined;
    readonly passed: ReadonlyMap<StepId, number>;
    readonly damaged: readonly string[];
  },
): AuditReport {
  const { finding, passed, damaged } = outcome;
  const anchors = history === undefined ? undefined : anchorsOf(history);
  const isAnchored = anchors !== undefined && anchors.genesis && anchors.unanchored.length === 0;
  const verdict = finding !== undefined ? 'FAILED' : isAnchored ? 'VERIFIED' : 'CONSISTENT';
  const rounds = history?.rounds ?? [];
  const { run, genesis, head } = manifest;
  return {
    verdict,
    summary: summaryOf(verdict, finding, anchors),
    run,
    genesis,
    head,
    rounds: rounds.length,
    emptyRounds: rounds.filter(({ leaves }) => leaves.length === 0).length,
    model: rounds.at(-1)?.header.value.modelAfter ?? null,
    steps: STEPS.map(({ id, title }) => {
      const checked = passed.get(id);
      const failed = finding?.step === id ? 'failed' : 'not reached';
      return {
        step: id,
        title,
        outcome: checked === undefined ? failed : 'passed',
        checked: checked ?? 0,
      };
    }),
    finding: finding ?? null,
    anchors: anchors ?? null,
    notIncluded: notIncluded(rounds),
    damaged,
  };
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
