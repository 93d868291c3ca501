import { type NodeId, type PublicKey, ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/crypto';
import {
  type Contrib,
  DECLINE,
  ExclusionReason,
  RECEIPT,
  type Receipt,
  receiptHash,
  recordHash,
  type Signed,
  TASK,
} from '@tallystick/record';
import { maxStalenessOf } from '@tallystick/rounds';
import { keysOf } from '../anchors.js';
import { roundPath } from '../bundle/layout.js';
import type { RoundEvidence } from '../bundle/round-evidence.js';
import { demand, demandEqual, type Place } from '../findings.js';
import { type History, roundOf } from '../history.js';
import { readConsent } from '../state/stored-consents.js';
import { isInForce, readNodeKey } from '../state/stored-nodes.js';
import { demandSigned } from './signed-by.js';
import { checkPromises } from './v4-promises.js';
import { checkSingleUse } from './v4-single-use.js';

/**
 * V4: each leaf rests on a receipt of a key valid at its task's block, each receipt was promised and counts once, and
 * each decline is signed. Returns the number of signatures.
 */
export async function checkReceipts(history: History): Promise<number> {
  let signatures = 0;
  const ahead = (index: number): Promise<void> | undefined => {
    const next = history.rounds[index];
    return next === undefined ? undefined : history.verifyAhead?.(history, next);
  };
  let verified = ahead(0);
  for (const [index, evidence] of history.rounds.entries()) {
    await verified;
    verified = ahead(index + 1);
    const { round, leaves, receipts, promises, declines } = evidence;
    const record = roundPath(round, 'receipts.bin');
    demandEqual(leaves.length, receipts.length, { round, record, by: 'holder of the files' });
    for (const [index, leaf] of leaves.entries()) {
      const signed = receipts[index];
      if (signed !== undefined) checkReceipt(history, evidence, leaf, signed);
    }
    checkPromises(history, evidence);
    checkDeclines(history, evidence);
    signatures += receipts.length + promises.length + declines.length;
  }
  checkSingleUse(history);
  return signatures;
}

/** The node's key at the task's block, judged by the chain and by the node's own log. */
function keyAt(
  history: History,
  { round, task }: RoundEvidence,
  node: NodeId,
  epoch: number,
): PublicKey {
  const { atBlock } = task.value;
  const stored = readNodeKey(history.chain.stateAt(atBlock), node, epoch);
  const place = { round, record: `key epoch ${epoch} of node ${node}`, by: 'coordinator' } as const;
  const rule = `a key in force at block ${atBlock}`;
  demand(stored !== undefined && isInForce(stored, atBlock), place, rule, 'none');
  for (const log of history.anchors.logs.filter((anchor) => anchor.node === node)) {
    const record = `key of node ${node} in ${log.name}`;
    const own = { round, record, by: 'chain operator' } as const;
    demand(keysOf(log).includes(stored.key), own, keysOf(log).join(' or '), stored.key);
  }
  return stored.key;
}

/**
 * The round whose task the receipt must be for: the one that counts it; in asynchronous rounds the receipt's own, while
 * it is no older than the run's maxStaleness.
 */
function askedIn(
  { spec, rounds }: History,
  counting: RoundEvidence,
  { round, node }: Receipt,
): RoundEvidence {
  if (spec.asynchronous === undefined) return counting;
  const oldest = Math.max(0, counting.round - maxStalenessOf(spec));
  const record = `receipt of node ${node} round`;
  const place = { round: counting.round, record, by: 'coordinator' } as const;
  const isAllowed = oldest <= round && round <= counting.round;
  demand(isAllowed, place, `round ${oldest} to ${counting.round}`, round);
  return roundOf(rounds, round) ?? counting;
}

/** What task, leaf and the consent at the task's block fix of a receipt. */
function expectedOf(
  { chain: ledger, runId }: History,
  { round, task: { value: task }, cohort }: RoundEvidence,
  leaf: Contrib,
): Partial<Receipt> {
  const { chain, run, prev } = task;
  const member = cohort.find(({ node }) => node === leaf.node);
  return {
    node: leaf.node,
    chain,
    run,
    round,
    prev,
    task: recordHash(sha256, TASK, task),
    keyEpoch: member?.keyEpoch ?? leaf.keyEpoch,
    update: leaf.update,
    numExamples: leaf.numExamples,
    policy: readConsent(ledger.stateAt(task.atBlock), runId, leaf.node)?.policy ?? ZERO_HASH,
  };
}

function checkReceipt(
  history: History,
  evidence: RoundEvidence,
  leaf: Contrib,
  signed: Signed<Receipt>,
): void {
  const { value: receipt, signature } = signed;
  const record = `receipt of node ${leaf.node}`;
  const place: Place = { round: evidence.round, record, by: 'coordinator' };
  const hash = receiptHash(sha256, receipt, signature);
  demandEqual(leaf.receipt, hash, { ...place, by: 'holder of the files' });
  const asked = askedIn(history, evidence, receipt);
  for (const [field, value] of Object.entries(expectedOf(history, asked, leaf))) {
    const found = receipt[field as keyof Receipt]; // a key of Partial<Receipt>
    demandEqual(String(value), String(found), { ...place, record: `${record} ${field}` });
  }
  const epoch = evidence.cohort.find(({ node }) => node === leaf.node)?.keyEpoch ?? leaf.keyEpoch;
  demandEqual(epoch, receipt.keyEpoch, { ...place, record: `${record} keyEpoch` });
  demandEqual(receipt.keyEpoch, leaf.keyEpoch, { ...place, record: `${record} keyEpoch` });
  const isMember = asked.cohort.some(({ node }) => node === receipt.node);
  const member = { ...place, record: `${record} cohort` };
  demand(isMember, member, `a node that was asked in round ${asked.round}`, 'another one');
  const examples = { ...place, record: `${record} numExamples` };
  demand(receipt.numExamples > 0n, examples, 'at least 1', receipt.numExamples);
  const key = keyAt(history, asked, receipt.node, receipt.keyEpoch);
  demandSigned(RECEIPT, signed, key, place);
}

/** One signed decline for each node that is excluded as declined. */
function checkDeclines(history: History, evidence: RoundEvidence): void {
  const { round, declines, excluded, cohort, task } = evidence;
  const place = { round, record: roundPath(round, 'declines.bin'), by: 'coordinator' } as const;
  const declined = excluded.filter(({ reason }) => reason === ExclusionReason.declined);
  const nodes = declines.map(({ value }) => value.node);
  demandEqual(declined.map(({ node }) => node).join(' '), nodes.join(' '), place);
  const taskHash = recordHash(sha256, TASK, task.value);
  for (const signed of declines) {
    const { chain, run, round: number, node, task: hash } = signed.value;
    const item = { ...place, record: `decline of node ${node}` };
    const member = cohort.find((candidate) => candidate.node === node);
    const key = keyAt(history, evidence, node, member?.keyEpoch ?? 0);
    demandSigned(DECLINE, signed, key, item);
    demandEqual(history.chain.genesis, chain, item);
    demandEqual(history.runId, run, item);
    demandEqual(round, number, item);
    demandEqual(taskHash, hash, item);
  }
}
