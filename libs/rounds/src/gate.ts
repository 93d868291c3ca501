import type { Ed25519, Hash, PublicKey, Signature } from '@tallystick/kernel';
import { type Member, type Receipt, RECEIPT, type Task, verifyRecord } from '@tallystick/record';
import { refusal, type Refusal } from './verdict.js';

/** A receipt whose update is already stored under its hash. */
export interface Submission {
  readonly receipt: Receipt;
  readonly signature: Signature;
  /** Size of the stored update. */
  readonly updateBytes: bigint;
}

/** What the gate knows of the round and the node. */
export interface GateFacts {
  readonly task: Task;
  readonly taskHash: Hash;
  readonly member: Member;
  readonly key: PublicKey;
  /** Of the node's consent; zeros without one. */
  readonly policy: Hash;
}

/** Fields of the receipt that the task or the member fixes; the first one that differs, or undefined. */
function wrongField(facts: GateFacts, submission: Submission): string | undefined {
  const { task, taskHash, member } = facts;
  const { receipt } = submission;
  const expected: readonly (readonly [string, unknown, unknown])[] = [
    ['chain', receipt.chain, task.chain],
    ['run', receipt.run, task.run],
    ['round', receipt.round, task.round],
    ['task', receipt.task, taskHash],
    ['prev', receipt.prev, task.prev],
    ['node', receipt.node, member.node],
    ['keyEpoch', receipt.keyEpoch, member.keyEpoch],
    ['updateBytes', receipt.updateBytes, submission.updateBytes],
    ['policy', receipt.policy, facts.policy],
  ];
  return expected.find(([, got, want]) => got !== want)?.[0];
}

/** The pure checks of a receipt, cheapest first; undefined when it passes (architecture.md §2.3). */
export function checkSubmission(
  ed25519: Ed25519,
  facts: GateFacts,
  submission: Submission,
): Refusal | undefined {
  const { receipt, signature } = submission;
  const { node } = facts.member;
  if (wrongField(facts, submission) !== undefined) {
    return refusal('rejected', 'ROUND_WRONG_TASK', {
      run: facts.task.run,
      round: facts.task.round,
    });
  }
  if (receipt.numExamples === 0n) {
    return refusal('rejected', 'ROUND_NO_EXAMPLES', { node, numExamples: 0 });
  }
  if (!verifyRecord(ed25519, RECEIPT, receipt, facts.key, signature)) {
    return refusal('rejected', 'ROUND_BAD_SIGNATURE', { record: 'receipt', node });
  }
  return undefined;
}
