import { RECEIPT, type Receipt, signRecord } from '@tallystick/record';
import { flipped } from '../operator/tampered-bundle.js';
import {
  inFile,
  type LastRound,
  lastRoundAnew,
  ofFirstLeaf,
  withFirstReceipt,
} from './last-round-anew.js';
import type { Manipulation } from './manipulation.js';
import { the } from './pick.js';

/** The first receipt with another content and the node's old signature. */
function changedReceipt(
  name: string,
  change: (receipt: Receipt) => Partial<Receipt>,
): Manipulation {
  return lastRoundAnew({
    name,
    step: 'V4',
    record: ofFirstLeaf('receipt of node'),
    edit: (draft, { bundle }) => {
      const { value, signature } = the(draft.receipts[0]);
      return withFirstReceipt(draft, { value: { ...value, ...change(value) }, signature }, bundle);
    },
  });
}

const replacedUpdate: LastRound = {
  name: 'an update replaced, everything made to fit',
  step: 'V4',
  record: ofFirstLeaf('receipt of node'),
  edit: async (draft, { blobs, bundle }) => {
    const { value, signature } = the(draft.receipts[0]);
    const bytes = await blobs.get(value.update);
    const lowest = bytes.length - 4; // lowest byte of the last q
    const update = await blobs.put(bytes.with(lowest, (bytes[lowest] ?? 0) ^ 1));
    return withFirstReceipt(draft, { value: { ...value, update }, signature }, bundle);
  },
};

const forgedReceipt: LastRound = {
  name: 'a receipt signed by the operator, everything made to fit',
  step: 'V4',
  record: ofFirstLeaf('receipt of node'),
  edit: (draft, { bundle }) => {
    const value = { ...the(draft.receipts[0]).value, lossAfter: 1n };
    const { signature } = signRecord(RECEIPT, value, bundle.keys.coordinator);
    return withFirstReceipt(draft, { value, signature }, bundle);
  },
};

const replayedReceipt: LastRound = {
  name: 'a receipt of an earlier round, everything made to fit',
  step: 'V4',
  record: (draft) => `${ofFirstLeaf('receipt of node')(draft)} round`,
  edit: (draft, { bundle }) => {
    const { node } = the(draft.leaves[0]);
    const earlier = bundle.rounds
      .slice(0, draft.round)
      .flatMap(({ receipts }) => receipts)
      .find(({ value }) => value.node === node);
    return withFirstReceipt(draft, the(earlier), bundle);
  },
};

const swappedReceipts: LastRound = {
  name: 'two receipts swapped below their leaves, everything made to fit',
  step: 'V4',
  record: (draft) => `${ofFirstLeaf('receipt of node')(draft)} node`,
  edit: (draft) => {
    const [first, second] = [the(draft.leaves[0]), the(draft.leaves[1])];
    return {
      ...draft,
      receipts: draft.receipts.with(0, the(draft.receipts[1])).with(1, the(draft.receipts[0])),
      leaves: draft.leaves
        .with(0, { ...first, receipt: second.receipt })
        .with(1, { ...second, receipt: first.receipt }),
    };
  },
};

const promises: readonly LastRound[] = [
  {
    name: 'a promise for another receipt, signed',
    step: 'V4',
    record: ofFirstLeaf('promise to node'),
    edit: (draft) => {
      const promise = the(draft.promises[0]);
      const other = { ...promise, receipt: flipped(promise.receipt) };
      return { ...draft, promises: draft.promises.with(0, other) };
    },
  },
  {
    name: 'a promise due before the deadline, signed',
    step: 'V4',
    record: ofFirstLeaf('promise to node'),
    edit: (draft) => {
      const early = { ...the(draft.promises[0]), dueMs: draft.task.deadlineMs - 1n };
      return { ...draft, promises: draft.promises.with(0, early) };
    },
  },
  {
    name: 'a promise withheld',
    step: 'V4',
    record: inFile('promises.bin'),
    by: 'holder of the files',
    edit: (draft) => ({ ...draft, promises: draft.promises.slice(1) }),
  },
];

/** Receipts and promises of the last round, without the nodes' keys. */
export const REBUILT_RECEIPTS: readonly Manipulation[] = [
  changedReceipt('more examples in a receipt, everything made to fit', ({ numExamples }) => ({
    numExamples: numExamples * 2n,
  })),
  changedReceipt('a better loss in a receipt, everything made to fit', () => ({ lossAfter: 0n })),
  ...[replacedUpdate, forgedReceipt, replayedReceipt, swappedReceipts, ...promises].map(
    lastRoundAnew,
  ),
];
