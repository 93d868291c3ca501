import { utf8 } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/crypto';
import { cohortRootOf, contribTreeOf, excludedRootOf } from '@tallystick/rounds';
import { roundPath } from '../bundle/layout.js';
import type { RoundEvidence } from '../bundle/round-evidence.js';
import { demand, demandEqual, type Place } from '../findings.js';
import type { History } from '../history.js';

const HOLDER = 'holder of the files';

/** V3: roots, counts and sums of every header from the leaves; returns the number of leaves. */
export function checkTrees(history: History): number {
  let leaves = 0;
  for (const evidence of history.rounds) {
    checkContributions(evidence);
    checkExclusions(evidence);
    checkCohort(evidence);
    checkAnswers(evidence);
    checkMetrics(evidence);
    leaves += evidence.leaves.length + evidence.excluded.length + evidence.cohort.length;
  }
  return leaves;
}

/** Only a root that holds was signed as it is; then a wrong order is the coordinator's. */
function demandAscending(nodes: readonly number[], place: Place): void {
  nodes.forEach((node, i) => {
    const before = nodes[i - 1] ?? -1;
    demand(node > before, { ...place, by: 'coordinator' }, `a node above ${before}`, node);
  });
}

const nodesOf = (leaves: readonly { readonly node: number }[]): number[] =>
  leaves.map(({ node }) => node);

function checkContributions({ round, leaves, header: { value: header } }: RoundEvidence): void {
  const place = { round, record: roundPath(round, 'leaves.bin'), by: HOLDER } as const;
  demandEqual(header.included, leaves.length, place);
  const tree = contribTreeOf(sha256, leaves);
  demandEqual(header.contribRoot, tree.root, place);
  demandEqual(header.sumWeight, tree.total, { ...place, by: 'coordinator' });
  demandAscending(nodesOf(leaves), place);
}

function checkExclusions({ round, excluded, header: { value: header } }: RoundEvidence): void {
  const place = { round, record: roundPath(round, 'excluded.bin'), by: HOLDER } as const;
  demandEqual(header.excluded, excluded.length, place);
  demandEqual(header.excludedRoot, excludedRootOf(sha256, excluded), place);
  demandAscending(nodesOf(excluded), place);
}

function checkCohort({ round, cohort, task: { value: task } }: RoundEvidence): void {
  const place = { round, record: roundPath(round, 'cohort.bin'), by: HOLDER } as const;
  demandEqual(task.cohort, cohort.length, place);
  demandEqual(task.cohortRoot, cohortRootOf(sha256, cohort), place);
  demandAscending(nodesOf(cohort), place);
}

/** Everyone asked is in exactly one of the two trees, and nobody else is. */
function checkAnswers({ round, cohort, leaves, excluded }: RoundEvidence): void {
  const answered = nodesOf([...leaves, ...excluded]).toSorted((a, b) => a - b);
  const record = 'included and excluded nodes';
  const place = { round, record, by: 'coordinator' } as const;
  demandEqual(nodesOf(cohort).join(' '), answered.join(' '), place);
}

function checkMetrics({ round, metrics, header: { value: header } }: RoundEvidence): void {
  const place = { round, record: roundPath(round, 'metrics.json'), by: HOLDER } as const;
  demandEqual(header.metrics, sha256(utf8(metrics)), place);
}
