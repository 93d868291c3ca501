import { type Hash, type NodeId, type Signer, ZERO_HASH } from '@tallystick/kernel';
import { ExclusionReason, PROMISE, receiptHash, signRecord } from '@tallystick/record';
import type { Collected } from './collected.js';
import type { ConsentWatch } from './consent-watch.js';
import { checkSubmission, type GateFacts, type Submission } from './gate.js';
import type { CohortNode, ContributionRow, Folder, OpenRound } from './ports/index.js';
import type { RunDeps, RunPlan } from './run-plan.js';
import { maxStalenessOf } from './staleness.js';
import type { TaskBook } from './task-book.js';
import { refusal, type Refusal, type Verdict } from './verdict.js';
import { weightFor } from './weight-for.js';

/** A promise is due this long after the deadline: ten minutes for the commit to become final. */
const PROMISE_GRACE_MS = 600_000n;

/** A row to be taken in, or the verdict without one. */
export type Judged = { readonly row: ContributionRow } | Verdict;

export interface RoundGateDeps extends Pick<RunDeps, 'sha256' | 'ed25519'> {
  readonly signer: Signer;
  readonly folder: Folder;
  readonly book: TaskBook;
  readonly collected: Collected;
  readonly consents: ConsentWatch;
}

/** Judges receipts for one round; it makes nothing durable and takes nothing in. */
export class RoundGate {
  readonly #plan: RunPlan;
  readonly #open: OpenRound;
  readonly #members: ReadonlyMap<NodeId, CohortNode>;
  readonly #deps: RoundGateDeps;

  constructor(
    plan: RunPlan,
    {
      open,
      members,
    }: { readonly open: OpenRound; readonly members: ReadonlyMap<NodeId, CohortNode> },
    deps: RoundGateDeps,
  ) {
    this.#plan = plan;
    this.#open = open;
    this.#members = members;
    this.#deps = deps;
  }

  /** @param isCollecting false once the window has closed: then only what was accepted before gets an answer. */
  async judge(node: NodeId, submission: Submission, isCollecting: boolean): Promise<Judged> {
    const { sha256, ed25519, collected, folder } = this.#deps;
    const hash = receiptHash(sha256, submission.receipt, submission.signature);
    const member = this.#members.get(node);
    if (member === undefined) return this.#notMember(node, submission);
    const early =
      this.#earlier(node, submission, hash) ?? (isCollecting ? undefined : this.closed());
    if (early !== undefined) return early;
    const facts = this.#factsOf(member, submission);
    if ('outcome' in facts) return facts;
    const refused = checkSubmission(ed25519, facts, submission);
    if (refused !== undefined) {
      const isSignature = refused.code === 'ROUND_BAD_SIGNATURE';
      const reason = isSignature ? ExclusionReason.badSignature : ExclusionReason.malformed;
      collected.refuse(node, hash, reason);
      return refused;
    }
    if (await this.#deps.consents.isWithdrawn(node, this.#open)) {
      collected.refuse(node, hash, ExclusionReason.keyOrConsent);
      return refusal('ignored', 'ROUND_CONSENT_WITHDRAWN', { node, run: this.#open.run });
    }
    const inspection = await folder.inspect(submission.receipt.update);
    if (!inspection.ok) {
      collected.refuse(node, hash, ExclusionReason.malformed);
      return { outcome: 'rejected', code: inspection.code, message: inspection.reason };
    }
    return { row: this.#rowOf(member, submission, hash) };
  }

  /** The verdict on a judged row: the promise when it was taken in, else why another one was. */
  verdictOn(row: ContributionRow): Verdict {
    const taken = this.#deps.collected.contribution(row.node);
    if (taken?.receipt.round !== row.receipt.round) return this.closed();
    return this.#repeat(taken, row.promise.receipt);
  }

  /** Honest lateness. In asynchronous rounds the node is asked again when the next one opens. */
  closed(): Refusal {
    const { run, round } = this.#open;
    return refusal('ignored', 'ROUND_CLOSED', { run, round });
  }

  /** The verdict on a receipt whose node has one in this round, or that an earlier round took. */
  #earlier(node: NodeId, { receipt }: Submission, hash: Hash): Verdict | undefined {
    const taken = this.#deps.collected.contribution(node);
    if (taken?.receipt.round === receipt.round) return this.#repeat(taken, hash);
    const counted = this.#deps.book.counted(node, receipt.round);
    if (counted !== undefined) return this.#repeat(counted, hash);
    return taken === undefined ? undefined : this.closed();
  }

  /** A node that was asked, and is no member any more, did nothing wrong. */
  #notMember(node: NodeId, { receipt }: Submission): Refusal {
    const { run, round } = this.#open;
    const wasAsked = this.#deps.book.find(receipt.round)?.members.has(node) === true;
    return refusal(wasAsked ? 'ignored' : 'rejected', 'ROUND_NOT_MEMBER', { node, run, round });
  }

  /** The task that the receipt must be for, and the key that must have signed it. */
  #factsOf({ member, key }: CohortNode, { receipt }: Submission): GateFacts | Refusal {
    const { run, round } = this.#open;
    const { book } = this.#deps;
    const asked = book.find(receipt.round);
    if (asked === undefined && receipt.round < round) {
      const maxStaleness = maxStalenessOf(this.#plan.spec);
      const meta = { run, round: receipt.round, lag: round - receipt.round, maxStaleness };
      return refusal('ignored', 'ROUND_TOO_STALE', meta);
    }
    const then = asked?.members.get(member.node);
    if (asked === undefined || then?.member.keyEpoch !== member.keyEpoch) {
      return refusal('rejected', 'ROUND_WRONG_TASK', { run, round: receipt.round });
    }
    const { task, taskHash } = { ...asked.offer, task: asked.offer.task.task };
    return { task, taskHash, member, key, policy: then.policy ?? ZERO_HASH };
  }

  /** What is made durable before it counts and before the node hears of it. */
  #rowOf({ member }: CohortNode, submission: Submission, hash: Hash): ContributionRow {
    const { run, round, task } = this.#open;
    const { receipt, signature: receiptSignature } = submission;
    const { node } = member;
    const dueMs = task.deadlineMs + PROMISE_GRACE_MS;
    const weight = weightFor(this.#plan.spec.numeric, task, { receipt, member });
    const promise = { chain: task.chain, run, round, node, receipt: hash, dueMs };
    return { node, receipt, receiptSignature, weight, promise };
  }

  /** The same receipt again gets the same promise; another one is a duplicate. */
  #repeat(row: ContributionRow, hash: Hash): Verdict {
    const { signer } = this.#deps;
    if (row.promise.receipt === hash) {
      return { outcome: 'accepted', promise: signRecord(PROMISE, row.promise, signer).wire };
    }
    const { run } = this.#open;
    const { round } = row.receipt;
    return refusal('ignored', 'ROUND_DUPLICATE', { node: row.node, run, round });
  }
}
