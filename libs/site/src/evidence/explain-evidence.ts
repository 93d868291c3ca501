import { fromHex } from '@tallystick/kernel';
import { CONTRIB } from '@tallystick/record';
import type { EvidenceFile } from './evidence-file.js';
import type { FaultKind } from './fault-kind.js';

/** What each kind of fault proves, to somebody who reads no code. */
const MEANING: Readonly<Record<FaultKind, string>> = {
  omitted: 'The coordinator promised to count an update, and the round that it signed does not.',
  substituted: 'The round counts another update under the name of this node than the node sent.',
  weight: 'The round counts the update with another weight than the rule of the run gives.',
  equivocation: 'The coordinator signed two different truths about one round.',
  anchor: 'The coordinator signed a header that is not the one on the chain.',
  withheld: 'The update was sent, and the coordinator neither promised to count it nor refused it.',
  excluded: 'The coordinator excluded this node for a reason that the log of the node contradicts.',
  history: 'What the coordinator signed does not continue what it had signed before.',
  task: 'The coordinator signed a task whose numbers do not follow from the run.',
  inclusion: 'The coordinator showed a proof of inclusion that proves nothing.',
  overdue:
    'The coordinator promised to count an update by a time that is over, and has shown nothing of the round since.',
};

const UNDECIDED =
  'The chain cannot decide this. Give the file to an auditor: `tally audit verify --as-node` weighs it.';

/** Sentences that say what a file proves and against whom. */
export function explainEvidence(file: EvidenceFile): readonly string[] {
  const { kind, run, round, node, coordinatorKey, detail, leaves, anchored, unchecked } = file;
  const shown = leaves.map(({ leaf, index }) => {
    const { node: whose, weight } = CONTRIB.decode(fromHex(leaf));
    return `Leaf ${index} of the round is of node ${whose}, with weight ${weight}.`;
  });
  return [
    MEANING[kind],
    `Run ${run}, round ${round}, as node ${node} saw it: ${detail}.`,
    `Signed by the coordinator key ${coordinatorKey}.`,
    ...shown,
    ...(anchored === undefined ? [] : [`The chain holds header ${anchored}.`]),
    ...unchecked.map((what) => `Not checked: ${what}.`),
    ...(isDecidable(kind) ? [] : [UNDECIDED]),
  ];
}

function isDecidable(kind: FaultKind): boolean {
  return !['withheld', 'excluded', 'history', 'task'].includes(kind);
}
