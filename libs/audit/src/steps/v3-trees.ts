import { utf8, ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { cohortRootOf, contribTreeOf, excludedRootOf } from '@tallystick/rounds';
import { roundPath } from '../bundle/layout.js';
import type { RoundEvidence } from '../bundle/round-evidence.js';
import { demandEqual } from '../findings.js';
import type { History } from '../history.js';

const BY = 'holder of the files';

/** V3: roots, counts and sums of every header from the leaves; returns the number of leaves. */
export function checkTrees(history: History): number {
  let leaves = 0;
  for (const evidence of history.rounds) {
    checkContributions(evidence);
    checkExclusions(evidence);
    checkCohort(evidence);
    const metrics = sha256(utf8(evidence.metrics));
    const record = roundPath(evidence.round, 'metrics.json');
    demandEqual(evidence.header.value.metrics, metrics, { round: evidence.round, record, by: BY });
    leaves += evidence.leaves.length + evidence.excluded.length + evidence.cohort.length;
  }
  return leaves;
}

function checkSorted(nodes: readonly number[], where: { round: number; record: string }): void {
  nodes.forEach((node, i) => {
    const before = nodes[i - 1];
    if (before === undefined || before < node) return;
    demandEqual(`a node above ${before}`, node, { ...where, by: BY });
  });
}

function checkContributions({ round, leaves, header: { value: header } }: RoundEvidence): void {
  const where = { round, record: roundPath(round, 'leaves.bin'), by: BY } as const;
  checkSorted(
    leaves.map(({ node }) => node),
    where,
  );
  demandEqual(header.included, leaves.length, where);
  const tree = leaves.length === 0 ? { root: ZERO_HASH, total: 0n } : contribTreeOf(sha256, leaves);
  demandEqual(header.sumWeight, tree.total, where);
  demandEqual(header.contribRoot, tree.root, where);
}

function checkExclusions({ round, excluded, header: { value: header } }: RoundEvidence): void {
  const where = { round, record: roundPath(round, 'excluded.bin'), by: BY } as const;
  checkSorted(
    excluded.map(({ node }) => node),
    where,
  );
  demandEqual(header.excluded, excluded.length, where);
  demandEqual(header.excludedRoot, excludedRootOf(sha256, excluded), where);
}

function checkCohort(evidence: RoundEvidence): void {
  const { round, cohort, leaves, excluded } = evidence;
  const where = { round, record: roundPath(round, 'cohort.bin'), by: BY } as const;
  checkSorted(
    cohort.map(({ node }) => node),
    where,
  );
  demandEqual(evidence.task.value.cohort, cohort.length, where);
  demandEqual(evidence.task.value.cohortRoot, cohortRootOf(sha256, cohort), where);
  const answered = [...leaves, ...excluded].map(({ node }) => node).toSorted((a, b) => a - b);
  const members = cohort.map(({ node }) => node);
  demandEqual(members.join(' '), answered.join(' '), {
    ...where,
    record: 'included and excluded nodes',
    by: 'coordinator',
  });
}
