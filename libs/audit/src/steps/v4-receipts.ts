import { type NodeId, type PublicKey, ZERO_HASH } from '@tallystick/kernel';
import { ed25519, sha256 } from '@tallystick/kernel/node';
import {
  DECLINE,
  ExclusionReason,
  PROMISE,
  RECEIPT,
  type Receipt,
  receiptHash,
  recordHash,
  type Signed,
  TASK,
  verifyRecord,
} from '@tallystick/record';
import { roundPath } from '../bundle/layout.js';
import type { RoundEvidence } from '../bundle/round-evidence.js';
import { readNodeKey } from '../chain-state.js';
import { demandEqual, Mismatch } from '../findings.js';
import type { History } from '../history.js';

/** V4: each leaf rests on a receipt of a key valid at the task's block; returns the number of signatures. */
export function checkReceipts(history: History): number {
  let signatures = 0;
  for (const evidence of history.rounds) {
    const { round } = evidence;
    const where = { round, record: roundPath(round, 'receipts.bin'), by: 'coordinator' } as const;
    const counted = evidence.receipts.length;
    demandEqual(evidence.leaves.length, counted, where);
    evidence.receipts.forEach((signed, i) => checkReceipt(history, evidence, signed, i));
    checkPromises(history, evidence);
    checkDeclines(history, evidence);
    signatures += counted + evidence.promises.length + evidence.declines.length;
  }
  checkPromisesHeld(history);
  return signatures;
}

/** The node's key at the task's block, judged by the chain and by the anchors. */
function keyAt(history: History, evidence: RoundEvidence, node: NodeId, epoch: number): PublicKey {
  const { round } = evidence;
  const { atBlock } = evidence.task.value;
  const read = history.chain.stateAt(atBlock);
  const stored = read === undefined ? undefined : readNodeKey(read, node, epoch);
  const isValid =
    stored !== undefined &&
    stored.fromBlock <= atBlock &&
    (stored.untilBlock === undefined || atBlock < stored.untilBlock);
  if (!isValid) {
    const record = `key epoch ${epoch} of node ${node}`;
    const expected = `a key valid at block ${atBlock}`;
    throw new Mismatch({ round, record, expected, found: 'none', by: 'coordinator' });
  }
  const log = history.anchors.logs.find((anchor) => anchor.node === node);
  if (log !== undefined) {
    const record = `key of node ${node} in ${log.name}`;
    demandEqual(log.key, stored.key, { round, record, by: 'chain operator' });
  }
  return stored.key;
}

function checkReceipt(
  history: History,
  evidence: RoundEvidence,
  { value: receipt, signature }: Signed<Receipt>,
  index: number,
): void {
  const { round, task } = evidence;
  const leaf = evidence.leaves[index];
  const record = `receipt of node ${leaf?.node ?? receipt.node}`;
  const by = 'coordinator';
  const expected: readonly (readonly [keyof Receipt, string | number | bigint])[] = [
    ['node', leaf?.node ?? receipt.node],
    ['chain', history.chain.genesis],
    ['run', history.runId],
    ['round', round],
    ['prev', task.value.prev],
    ['task', recordHash(sha256, TASK, task.value)],
    ['keyEpoch', leaf?.keyEpoch ?? receipt.keyEpoch],
    ['update', leaf?.update ?? receipt.update],
    ['numExamples', leaf?.numExamples ?? receipt.numExamples],
    ['policy', ZERO_HASH],
  ];
  for (const [field, value] of expected) {
    demandEqual(value, receipt[field], { round, record: `${record} ${field}`, by });
  }
  const hash = receiptHash(sha256, receipt, signature);
  demandEqual(leaf?.receipt ?? '', hash, { round, record, by });
  const key = keyAt(history, evidence, receipt.node, receipt.keyEpoch);
  if (!verifyRecord(ed25519, RECEIPT, receipt, key, signature)) {
    const signed = { expected: `signed by ${key}`, found: 'another signature' };
    throw new Mismatch({ round, record, ...signed, by: 'coordinator' });
  }
}

/** Promises in the bundle: one for each contribution, signed by the coordinator key. */
function checkPromises(history: History, evidence: RoundEvidence): void {
  const { round } = evidence;
  const record = roundPath(round, 'promises.bin');
  const where = { round, record, by: 'coordinator' } as const;
  const key = history.run.coordinatorKeys.findLast((entry) => entry.fromRound <= round)?.key;
  const receipts = new Map<number, string>();
  for (const leaf of evidence.leaves) receipts.set(leaf.node, leaf.receipt);
  for (const leaf of evidence.excluded) {
    if (leaf.reason === ExclusionReason.quorum) receipts.set(leaf.node, leaf.receipt);
  }
  demandEqual(receipts.size, evidence.promises.length, where);
  let before = -1;
  for (const { value, signature } of evidence.promises) {
    if (value.node <= before) demandEqual(`a node above ${before}`, value.node, where);
    before = value.node;
    const item = { ...where, record: `promise to node ${value.node}` };
    demandEqual(history.chain.genesis, value.chain, item);
    demandEqual(history.runId, value.run, item);
    demandEqual(round, value.round, item);
    demandEqual(value.receipt, receipts.get(value.node) ?? 'no contribution', item);
    if (key === undefined || !verifyRecord(ed25519, PROMISE, value, key, signature)) {
      demandEqual('signed by the coordinator key', 'another signature', item);
    }
  }
}

function checkDeclines(history: History, evidence: RoundEvidence): void {
  const { round } = evidence;
  const declined = evidence.excluded.filter(({ reason }) => reason === ExclusionReason.declined);
  const record = roundPath(round, 'declines.bin');
  const nodes = evidence.declines.map(({ value }) => value.node).join(' ');
  const where = { round, record, by: 'coordinator' } as const;
  demandEqual(declined.map(({ node }) => node).join(' '), nodes, where);
  const taskHash = recordHash(sha256, TASK, evidence.task.value);
  for (const { value, signature } of evidence.declines) {
    const item = { ...where, record: `decline of node ${value.node}` };
    demandEqual(history.chain.genesis, value.chain, item);
    demandEqual(history.runId, value.run, item);
    demandEqual(round, value.round, item);
    demandEqual(taskHash, value.task, item);
    const member = evidence.cohort.find(({ node }) => node === value.node);
    const key = keyAt(history, evidence, value.node, member?.keyEpoch ?? 0);
    if (!verifyRecord(ed25519, DECLINE, value, key, signature)) {
      demandEqual(`signed by ${key}`, 'another signature', item);
    }
  }
}

/** A promise that a node holds must have been kept: its receipt is a leaf, or the round closed empty. */
function checkPromisesHeld(history: History): void {
  for (const log of history.anchors.logs) {
    for (const promise of log.promises) {
      const evidence = history.rounds[promise.round];
      const record = `promise held by ${log.name}`;
      const item = { round: promise.round, record, by: 'coordinator' } as const;
      if (evidence === undefined)
        throw new Mismatch({ ...item, expected: 'the round', found: 'none' });
      const own = [...evidence.leaves, ...evidence.excluded].find(
        ({ node }) => node === promise.node,
      );
      const isKept = evidence.leaves.length === 0 || own?.receipt === promise.receipt;
      if (!isKept) demandEqual(promise.receipt, own?.receipt ?? 'no leaf', item);
    }
  }
}
