import {
  ACCOUNT_OF_PAY,
  COORDINATOR_OF_PAY,
  DATABASE_OF_PAY,
  HOLDER_OF_PAY,
} from './pay-targets.js';

/** Who changes what. Two manipulations are distinct when they differ in actor, object or field. */
export interface Target {
  /**
   * `holder`: has the files. `database`: may write rows. `account`: has one on the chain. The others have their real keys.
   */
  readonly actor: 'holder' | 'database' | 'coordinator' | 'chain operator' | 'node' | 'account';
  readonly object: string;
  readonly field: string;
  /** The step that finds it; `manifest`: the bundle is refused; `pallet`: the chain refuses. */
  readonly foundBy: string;
}

/** What one manipulation is aimed at. */
export type Row = readonly [object: string, field: string, foundBy: string];

/** A bit, a file, or an order: whoever holds the files. */
const HOLDER: Readonly<Record<string, Row>> = {
  'one bit of receipts.bin: numExamples': ['receipt', 'numExamples', 'V4'],
  'one bit of receipts.bin: update': ['receipt', 'update', 'V4'],
  'one bit of receipts.bin: prev': ['receipt', 'prev', 'V4'],
  'one bit of receipts.bin: salt': ['receipt', 'salt', 'V4'],
  'one bit of receipts.bin: signature': ['receipt', 'signature', 'V4'],
  'one bit of promises.bin: receipt': ['promise', 'receipt', 'V4'],
  'one bit of promises.bin: dueMs': ['promise', 'dueMs', 'V4'],
  'one bit of promises.bin: signature': ['promise', 'signature', 'V4'],
  'one bit of leaves.bin: weight': ['leaf', 'weight', 'V3'],
  'one bit of leaves.bin: receipt': ['leaf', 'receipt', 'V3'],
  'one bit of header.bin: modelAfter': ['header', 'modelAfter', 'V2'],
  'one bit of header.bin: closedAtMs': ['header', 'closedAtMs', 'V2'],
  'one bit of header.bin: signature': ['header', 'signature', 'V2'],
  'one bit of task.bin: deadlineMs': ['task', 'deadlineMs', 'V2'],
  'one bit of task.bin: atHash': ['task', 'atHash', 'V2'],
  'one bit of task.bin: signature': ['task', 'signature', 'V2'],
  'one bit of cohort.bin: cap': ['member', 'cap', 'V3'],
  'one bit of excluded.bin: reason': ['exclusion', 'reason', 'V3'],
  'one bit of excluded.bin: receipt': ['exclusion', 'receipt', 'V3'],
  'one bit of declines.bin: reason': ['decline', 'reason', 'V4'],
  'one bit of metrics.json': ['metrics', 'a digit', 'V3'],
  'one bit of an update': ['update', 'a value', 'V6'],
  'an update dropped': ['update', 'file', 'V6'],
  'one bit of a model': ['model', 'a value', 'V8'],
  'one bit of an optimizer state': ['optimizer state', 'a value', 'V8'],
  'a model dropped': ['model', 'file', 'V8'],
  'one bit of the genesis model': ['genesis model', 'a value', 'V8'],
  'a blob added': ['blobs', 'another file', 'V6'],
  'task.bin dropped': ['task', 'file', 'V2'],
  'cohort.bin dropped': ['member', 'file', 'V2'],
  'header.bin dropped': ['header', 'file', 'V2'],
  'leaves.bin dropped': ['leaf', 'file', 'V2'],
  'excluded.bin dropped': ['exclusion', 'file', 'V2'],
  'receipts.bin dropped': ['receipt', 'file', 'V2'],
  'declines.bin dropped': ['decline', 'file', 'V2'],
  'promises.bin dropped': ['promise', 'file', 'V2'],
  'metrics.json dropped': ['metrics', 'file', 'V2'],
  'receipts cut off': ['receipt', 'length', 'V2'],
  'two receipts swapped': ['receipt', 'order', 'V4'],
  'receipts of another round': ['receipt', 'round’s file', 'V4'],
  'a round added': ['rounds', 'another round', 'V2'],
  'the last round dropped': ['rounds', 'last round', 'V2'],
  'one bit of the run spec': ['run spec', 'a byte', 'V2'],
  'the run spec dropped': ['run spec', 'file', 'V2'],
  'one bit of the manifest': ['manifest', 'a byte', 'manifest'],
  'a CID of another file in the manifest': ['manifest', 'cid', 'manifest'],
  'the manifest dropped': ['manifest', 'file', 'manifest'],
  'a file that no bundle has': ['bundle', 'another file', 'manifest'],
  'one bit of a state root': ['block', 'stateRoot', 'V1'],
  'one bit of an extrinsics root': ['block', 'extrinsicsRoot', 'V1'],
  'one bit of a parent hash': ['block', 'parentHash', 'V1'],
  'another block number': ['block', 'number', 'V1'],
  'one bit of a seal': ['block', 'seal', 'V1'],
  'one bit of a slot': ['block', 'slot', 'V1'],
  'digest in another order': ['block', 'order of the digest', 'V1'],
  'one bit of a transaction': ['transaction', 'a byte', 'V1'],
  'a transaction dropped': ['transaction', 'presence', 'V1'],
  'two blocks swapped': ['blocks', 'order', 'V1'],
  'a block dropped': ['blocks', 'one in the middle', 'V1'],
  'the last block dropped': ['blocks', 'the last one', 'V1'],
  'blocks cut off': ['blocks', 'length', 'V1'],
  'one bit of the number of blocks': ['blocks', 'count', 'V1'],
  'blocks dropped': ['blocks', 'file', 'V1'],
  'one digit of the genesis state': ['chain state', 'Tally.Instance', 'V1'],
  'one digit of the registrar': ['chain state', 'Tally.Registrar', 'V1'],
  'one digit of the authorities': ['chain state', 'Aura.Authorities', 'V1'],
  'one digit of the finality authorities': ['chain state', 'Grandpa.Authorities', 'V1'],
  'an update changed and listed anew': ['update, manifest', 'a value', 'V6'],
  'a blob added and listed': ['blobs, manifest', 'another file', 'V6'],
  'the header signature changed and listed anew': ['header, manifest', 'signature', 'V2'],
  'silence turned into lateness, listed anew': ['exclusion, manifest', 'reason', 'V3'],
  'the last round dropped and no longer listed': ['rounds, manifest', 'last round', 'V2'],
  'another run spec, listed anew': ['run spec, manifest', 'seed', 'V2'],
  'a block sealed by another key': ['block', 'sealed by nobody’s key', 'V1'],
};

/** Rows of the database, exported as they are. */
const DATABASE: Readonly<Record<string, Row>> = {
  'row of a contribution: more examples': ['contribution', 'numExamples', 'V3'],
  'row of a contribution: another weight': ['contribution', 'weight', 'V3'],
  'row of a contribution: the update of another node': ['contribution', 'update', 'V3'],
  'row of a contribution: in the name of another node': ['contribution', 'node', 'V3'],
  'row of a contribution: the signature of another node': ['contribution', 'signature', 'V3'],
  'row of a contribution deleted': ['contribution', 'row', 'V3'],
  'row of a contribution twice': ['contribution', 'a second row', 'V3'],
  'row of a round: the header of the round before': ['round', 'header', 'V2'],
  'row of a round: the task of the round before': ['round', 'task', 'V2'],
  'row of a round: metrics of the round before': ['round', 'metrics', 'V3'],
  'row of a round: no metrics': ['round', 'metrics emptied', 'V3'],
  'row of a member: a higher cap': ['member', 'cap', 'V3'],
  'row of a member deleted': ['member', 'row', 'V3'],
  'row of an exclusion deleted': ['exclusion', 'row', 'V3'],
  'row of an exclusion: as malformed': ['exclusion', 'reason', 'V3'],
  'row of a decline deleted': ['decline', 'row', 'V4'],
  'row of a promise deleted': ['promise', 'row', 'V4'],
  'row of a promise: due later': ['promise', 'dueMs', 'V4'],
};

/** With the coordinator's real keys: signed, committed, and every hash made to fit. */
const COORDINATOR: Readonly<Record<string, Row>> = {
  'a header signed again with another closing time': ['header', 'closedAtMs, signed', 'V2'],
  'a task signed again with another deadline': ['task', 'deadlineMs, signed', 'V2'],
  'more examples in a receipt, everything made to fit': ['receipt', 'numExamples', 'V4'],
  'a better loss in a receipt, everything made to fit': ['receipt', 'lossAfter', 'V4'],
  'an update replaced, everything made to fit': ['receipt', 'update', 'V4'],
  'a receipt signed by the operator, everything made to fit': ['receipt', 'signature', 'V4'],
  'a receipt of an earlier round, everything made to fit': ['receipt', 'round', 'V4'],
  'two receipts swapped below their leaves, everything made to fit': ['receipt', 'order', 'V4'],
  'a promise for another receipt, signed': ['promise', 'receipt', 'V4'],
  'a promise due before the deadline, signed': ['promise', 'dueMs', 'V4'],
  'a promise withheld': ['promise', 'presence', 'V4'],
  'leaves in another order, everything made to fit': ['leaf', 'order', 'V3'],
  'a node counted twice, everything made to fit': ['leaf', 'node', 'V3'],
  'a larger sum of weights in the header': ['header', 'sumWeight', 'V3'],
  'a stranger excluded instead of a member': ['exclusion', 'node', 'V3'],
  'an exclusion dressed as a decline': ['exclusion', 'declined', 'V4'],
  'an accepted receipt excluded from a round that counts': ['exclusion', 'quorum', 'V9'],
  'a reason that the protocol does not have': ['exclusion', 'reason', 'V9'],
  'a refusal without the receipt it refused': ['exclusion', 'receipt', 'V9'],
  'a slow node given up before the deadline': ['header', 'closedAtMs', 'V9'],
  'a weight doubled, everything made to fit': ['leaf', 'weight', 'V7'],
  'better metrics, everything made to fit': ['header', 'metrics', 'V7'],
  'a model of the operator’s own, everything made to fit': ['header', 'modelAfter', 'V8'],
  'an optimizer state of the operator’s own, everything made to fit': [
    'header',
    'stateAfter',
    'V8',
  ],
  'another closing time, against the nodes’ logs': ['header', 'as sent to the nodes', 'V2'],
  'a deadline that had passed before the round': ['task', 'deadlineMs', 'V2'],
  'a task at a block of another chain': ['task', 'atHash', 'V2'],
  'a task with another optimizer state': ['task', 'state', 'V2'],
  'another unit of weight': ['task', 'unit', 'V7'],
  'a member left out of the cohort': ['member', 'presence', 'V5'],
  'a member’s cap raised': ['member', 'cap', 'V5'],
  'everybody excluded as declined, without declines': ['decline', 'presence', 'V4'],
  'declines signed by the operator': ['decline', 'signature', 'V4'],
  'a round closed empty although its receipts were promised': ['promise', 'kept', 'V9'],
  'a round closed empty before its deadline': ['empty round', 'closedAtMs', 'V9'],
  'a round closed empty after its result was sent': ['empty round', 'as sent to the nodes', 'V2'],
  'a model in the middle, and the whole history after it': ['history', 'modelAfter', 'V4'],
  'a weight in the middle, and the whole history after it': ['history', 'weight', 'V4'],
  'a closing time in the middle, and the whole history after it': ['history', 'closedAtMs', 'V4'],
  'a decline turned into silence, and the whole history after it': ['history', 'reason', 'V4'],
  'another coordinator key, anchors: none': ['run', 'coordinator key', 'V4'],
  'another coordinator key, anchors: whole': ['run', 'coordinator key the nodes pinned', 'V2'],
  'a round after the end of the run': ['rounds', 'one after the end', 'V2'],
  'a header of another chain': ['commit', 'chain', 'pallet'],
  'a header of masked mode': ['commit', 'mode', 'pallet'],
  'a header of the round after next': ['commit', 'round', 'pallet'],
  'a second header of a round that is committed': ['commit', 'a second header', 'pallet'],
  'a header that continues another one': ['commit', 'prev', 'pallet'],
  'a header that starts from another model': ['commit', 'modelBefore', 'pallet'],
  'a cohort larger than its answers': ['commit', 'cohort', 'pallet'],
  'fewer nodes than the run needs': ['commit', 'included', 'pallet'],
  'weights of 2²²': ['commit', 'sumWeight', 'pallet'],
  'less weight than nodes': ['commit', 'sumWeight, too small', 'pallet'],
  'an empty round with weight': ['empty commit', 'sumWeight', 'pallet'],
  'an empty round with another model': ['empty commit', 'modelAfter', 'pallet'],
  'an empty round with another state': ['empty commit', 'stateAfter', 'pallet'],
  'an empty round with a tree of contributions': ['empty commit', 'contribRoot', 'pallet'],
  'nobody excluded, and a tree of exclusions': ['commit', 'excludedRoot', 'pallet'],
  'a task judged before the one of the round before': ['commit', 'atBlock, too low', 'pallet'],
  'a task judged at a block to come': ['commit', 'atBlock', 'pallet'],
  'a round closed before the one before it': ['commit', 'closedAtMs, too early', 'pallet'],
  'a round closed in an hour': ['commit', 'closedAtMs', 'pallet'],
  'a header signed by another key': ['commit', 'signature', 'pallet'],
  'a header submitted by another account': ['commit', 'account', 'pallet'],
};

/** With the keys that seal blocks, admit nodes and fund accounts. */
const OPERATOR: Readonly<Record<string, Row>> = {
  'a false state root under a good seal': ['block', 'stateRoot', 'V1'],
  'a foreign digest item under a good seal': ['block', 'digest', 'V1'],
  'a foreign genesis': ['chain state', 'genesis the nodes know', 'V1'],
  'a foreign genesis, without anchors': ['chain state', 'genesis', 'V4'],
  'a runtime that was never released': ['chain state', ':code', 'V1'],
  'the history cut off before its last round': ['blocks', 'the last ones', 'V2'],
  'a last round by invented nodes': ['chain state', 'Tally.Nodes', 'V2'],
};

/** With a node's key; the coordinator counts what the node signed. */
const NODE: Readonly<Record<string, Row>> = {
  'a malformed update of an invented node': ['update', 'a reserved byte', 'V6'],
  'an update of another size than its receipt says': ['receipt', 'updateBytes', 'V6'],
  'a receipt without examples': ['receipt', 'numExamples', 'V4'],
  'a receipt for another chain': ['receipt', 'chain', 'V4'],
  'a receipt for another run': ['receipt', 'run', 'V4'],
  'a receipt for another round': ['receipt', 'round', 'V4'],
  'a receipt that follows another header': ['receipt', 'prev', 'V4'],
  'a receipt for another task': ['receipt', 'task', 'V4'],
  'a receipt of a key epoch to come': ['receipt', 'keyEpoch', 'V4'],
  'a receipt under a policy nobody granted': ['receipt', 'policy', 'V4'],
  'an update for a model of another shape': ['update', 'manifest', 'V6'],
};

const TABLES = [
  ['holder', HOLDER],
  ['holder', HOLDER_OF_PAY],
  ['database', DATABASE],
  ['database', DATABASE_OF_PAY],
  ['coordinator', COORDINATOR],
  ['coordinator', COORDINATOR_OF_PAY],
  ['chain operator', OPERATOR],
  ['node', NODE],
  ['account', ACCOUNT_OF_PAY],
] as const;

/** Names that have a target. */
export function targetNames(): readonly string[] {
  return TABLES.flatMap(([, table]) => Object.keys(table));
}

/** Target of a manipulation; throws RangeError for a name that has none. */
export function targetOf(name: string): Target {
  for (const [actor, table] of TABLES) {
    const row = Object.hasOwn(table, name) ? table[name] : undefined;
    if (row === undefined) continue;
    const [object, field, foundBy] = row;
    return { actor, object, field, foundBy };
  }
  throw new RangeError(`"${name}" has no target`);
}
