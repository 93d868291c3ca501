import { type Hash, type NodeId, SerialQueue, TallyError, type Timer } from '@tallystick/kernel';
import {
  type Decline,
  DECLINE,
  encodeSigned,
  ExclusionReason,
  PROMISE,
  receiptHash,
  recordHash,
  type Signed,
  signRecord,
  TASK,
  verifyRecord,
} from '@tallystick/record';
import { type ClosedRound, closeRound } from './closed-round.js';
import { Collected } from './collected.js';
import { checkSubmission, type Submission } from './gate.js';
import { missingNodes } from './missing-nodes.js';
import type { Phase } from './phases.js';
import type {
  CohortNode,
  ContributionRow,
  DeclineText,
  Folder,
  Offer,
  OpenRound,
  ResumableRound,
  Weighted,
} from './ports/index.js';
import { weightedOf } from './fold-spec.js';
import type { RunDeps, RunPlan } from './run-plan.js';
import { refusal, type Verdict } from './verdict.js';
import { weightFor } from './weight-for.js';

/** A promise is due this long after the deadline: ten minutes for the commit to become final. */
const PROMISE_GRACE_MS = 600_000n;
/** Waiting messages per cohort node before more are refused; a submit, its close and a decline are honest. */
const MESSAGES_PER_NODE = 8;

/** What an actor needs beyond the run's ports. */
export interface RoundDeps extends RunDeps {
  readonly folder: Folder;
  /** Signed headers that an offer brings, oldest first, at most 16. */
  readonly headers: readonly string[];
  /** closedAtMs of the round before. */
  readonly notBeforeMs: bigint;
}

/** A submitted receipt and whom to tell what became of it. */
interface Arrival {
  readonly node: NodeId;
  readonly submission: Submission;
  resolve(verdict: Verdict): void;
  reject(error: unknown): void;
}

interface Accepted {
  readonly row: ContributionRow;
}

/** A row to be taken in, or the verdict without one. */
type Judged = Accepted | Verdict;

/**
 * The one writer of a round: everything that happens to it goes through a serial mailbox. The round is durable and
 * open when the actor is made; `closed` settles once its close is durable, or rejects when a port failed — then
 * the run loop makes a new actor from the journal.
 */
export class RoundActor {
  readonly closed: Promise<ClosedRound>;
  readonly #settle: { resolve(round: ClosedRound): void; reject(error: unknown): void };
  #phase: Phase = 'opening';
  #timer: Timer | undefined;
  /** The clock when the window closed. */
  #decidedAtMs = 0n;
  readonly #mailbox: SerialQueue;
  /** Most messages that wait. */
  readonly #messages: number;
  /** Submitted, and not looked at yet. */
  readonly #arrived: Arrival[] = [];
  readonly #collected: Collected;
  readonly #members: ReadonlyMap<NodeId, CohortNode>;
  readonly #taskHash: Hash;
  readonly #offer: Offer;
  readonly #open: OpenRound;
  readonly #plan: RunPlan;
  readonly #deps: RoundDeps;

  constructor(plan: RunPlan, open: OpenRound, deps: RoundDeps) {
    this.#plan = plan;
    this.#open = open;
    this.#deps = deps;
    const { promise, ...settle } = deferred<ClosedRound>();
    this.closed = promise;
    this.#settle = settle;
    this.#messages = MESSAGES_PER_NODE * open.cohort.length + 16;
    this.#mailbox = new SerialQueue('round mailbox', this.#messages);
    this.#collected = new Collected(open);
    this.#members = new Map(open.cohort.map((node) => [node.member.node, node]));
    this.#taskHash = recordHash(deps.sha256, TASK, open.task);
    this.#offer = {
      task: { task: open.task, wire: signRecord(TASK, open.task, deps.signer).wire },
      taskHash: this.#taskHash,
      cohort: open.cohort.map(({ member }) => member),
      headers: deps.headers,
    };
  }

  get round(): number {
    return this.#open.round;
  }

  /** Takes up what is durable already, offers the task to everyone else and starts the deadline. */
  start(rows: Pick<ResumableRound, 'contributions' | 'declines'>): Promise<void> {
    return this.#guarded(async () => {
      for (const row of rows.contributions) this.#collected.accept(row);
      for (const row of rows.declines) this.#collected.decline(row);
      await this.#deps.folder.rebuild(rows.contributions.map((row) => this.#weighted(row)));
      this.#phase = 'collecting';
      this.#awaitDeadline();
      for (const node of this.#members.keys()) this.joined(node);
      this.#checkWindow(false);
    }, undefined);
  }

  /** Offers the task to a cohort node that has not answered. */
  joined(node: NodeId): void {
    if (this.expects(node)) this.#deps.link.offer(node, this.#offer);
  }

  /** True while an answer of `node` can still count. */
  expects(node: NodeId): boolean {
    return (
      this.#phase === 'collecting' && this.#members.has(node) && !this.#collected.hasAnswered(node)
    );
  }

  status(): {
    readonly phase: Phase;
    readonly included: number;
    readonly waitingFor: readonly NodeId[];
  } {
    const waitingFor = this.#phase === 'collecting' ? this.#collected.waitingFor() : [];
    return { phase: this.#phase, included: this.#collected.included, waitingFor };
  }

  /**
   * Gate, durable row, promise, fold. What arrives while an earlier one is made durable is judged together and shares
   * one transaction. Closing is a message of its own, so a promise never waits for the step.
   */
  submit(node: NodeId, submission: Submission): Promise<Verdict> {
    if (this.#arrived.length >= this.#messages) {
      const overflow = { what: 'round mailbox', limit: this.#messages };
      return Promise.reject(new TallyError('INTERNAL_OVERFLOW', overflow));
    }
    const { promise, ...settle } = deferred<Verdict>();
    this.#arrived.push({ node, submission, ...settle });
    if (this.#arrived.length > 1) return promise;
    this.#guarded(() => this.#judgeArrived(), undefined).catch(() => undefined); // each arrival is told itself
    this.#checkWindow(false);
    return promise;
  }

  /** A signed refusal of a cohort node; anything else is dropped. */
  decline(
    node: NodeId,
    { value: decline, signature }: Signed<Decline>,
    told?: DeclineText,
  ): Promise<void> {
    const stored = this.#guarded(async () => {
      const member = this.#members.get(node);
      if (member === undefined || !this.expects(node)) return;
      if (decline.node !== node || decline.task !== this.#taskHash) return;
      if (!verifyRecord(this.#deps.ed25519, DECLINE, decline, member.key, signature)) return;
      const wire = encodeSigned(DECLINE, decline, signature);
      const words = told === undefined ? {} : { told };
      const row = { node, reason: decline.reason, wire, ...words };
      await this.#deps.journal.decline(this.#open.run, this.#open.round, row);
      this.#collected.decline(row);
    }, undefined);
    this.#checkWindow(false);
    return stored;
  }

  /** Stops the timer and refuses everything from now on; the round stays open in the journal. */
  cancel(): void {
    this.#phase = 'cancelled';
    this.#timer?.cancel();
    const { run, round } = this.#open;
    const late = refusal('ignored', 'ROUND_CLOSED', { run, round });
    for (const { resolve } of this.#arrived.splice(0)) resolve(late);
  }

  async #judgeArrived(): Promise<void> {
    const arrived = this.#arrived.splice(0);
    try {
      const judged = await Promise.all(arrived.map((arrival) => this.#judge(arrival)));
      const accepted = this.#firstOfEach(judged);
      const rows = accepted.map(({ row }) => row);
      if (rows.length > 0) await this.#deps.journal.append(this.#open.run, this.#open.round, rows);
      for (const row of rows) this.#collected.accept(row);
      for (const [i, { resolve }] of arrived.entries()) resolve(this.#verdictOf(judged[i]));
      await Promise.all(rows.map((row) => this.#deps.folder.add(this.#weighted(row))));
    } catch (error) {
      for (const { reject } of arrived) reject(error);
      throw error;
    }
  }

  /** One row for each node, and no more of them than the window takes. */
  #firstOfEach(judged: readonly Judged[]): readonly Accepted[] {
    const max = this.#plan.spec.window.count.max ?? this.#open.cohort.length;
    const nodes = new Set<NodeId>();
    return judged
      .filter((each): each is Accepted => 'row' in each)
      .filter(({ row: { node } }) => !nodes.has(node) && nodes.add(node))
      .slice(0, max - this.#collected.included);
  }

  /** A row that was not taken in lost to an earlier one of its node, or to a full window. */
  #verdictOf(judged: Judged | undefined): Verdict {
    const { run, round } = this.#open;
    if (judged === undefined) return refusal('ignored', 'ROUND_CLOSED', { run, round });
    if (!('row' in judged)) return judged;
    const taken = this.#collected.contribution(judged.row.node);
    if (taken === undefined) return refusal('ignored', 'ROUND_CLOSED', { run, round });
    return this.#repeat(taken, judged.row.promise.receipt);
  }

  async #judge({ node, submission }: Arrival): Promise<Judged> {
    const { run, round, task } = this.#open;
    const member = this.#members.get(node);
    if (member === undefined) return refusal('rejected', 'ROUND_NOT_MEMBER', { node, run, round });
    const hash = receiptHash(this.#deps.sha256, submission.receipt, submission.signature);
    const earlier = this.#collected.contribution(node);
    if (earlier !== undefined) return this.#repeat(earlier, hash);
    if (this.#phase !== 'collecting') return refusal('ignored', 'ROUND_CLOSED', { run, round });
    const facts = { task, taskHash: this.#taskHash, ...member };
    const refused = checkSubmission(this.#deps.ed25519, facts, submission);
    if (refused !== undefined) {
      const isSignature = refused.code === 'ROUND_BAD_SIGNATURE';
      const reason = isSignature ? ExclusionReason.badSignature : ExclusionReason.malformed;
      this.#collected.refuse(node, hash, reason);
      return refused;
    }
    const inspection = await this.#deps.folder.inspect(submission.receipt.update);
    if (!inspection.ok) {
      this.#collected.refuse(node, hash, ExclusionReason.malformed);
      return { outcome: 'rejected', code: inspection.code, message: inspection.reason };
    }
    return { row: this.#rowOf(member, submission, hash) };
  }

  /** What is made durable before it counts and before the node hears of it. */
  #rowOf({ member }: CohortNode, submission: Submission, receipt: Hash): ContributionRow {
    const { run, round, task } = this.#open;
    const { node } = member;
    const dueMs = task.deadlineMs + PROMISE_GRACE_MS;
    return {
      node,
      receipt: submission.receipt,
      receiptSignature: submission.signature,
      weight: weightFor(this.#plan.spec.numeric, submission.receipt, member, task.unit),
      promise: { chain: task.chain, run, round, node, receipt, dueMs },
    };
  }

  #weighted({ node, receipt, weight }: ContributionRow): Weighted {
    return weightedOf(this.#plan.spec, {
      node,
      update: receipt.update,
      numExamples: receipt.numExamples,
      weight,
    });
  }

  /** The same receipt again gets the same promise; another one is a duplicate. */
  #repeat(row: ContributionRow, hash: Hash): Verdict {
    if (row.promise.receipt === hash) return this.#promise(row);
    const { run, round } = this.#open;
    return refusal('ignored', 'ROUND_DUPLICATE', { node: row.node, run, round });
  }

  #promise(row: ContributionRow): Verdict {
    const { wire } = signRecord(PROMISE, row.promise, this.#deps.signer);
    return { outcome: 'accepted', promise: wire };
  }

  #awaitDeadline(): void {
    const leftMs = Number(this.#open.task.deadlineMs) - this.#deps.clock.nowMs();
    this.#timer = this.#deps.clock.after(Math.max(0, leftMs), () => this.#checkWindow(true));
  }

  /** Queues the question whether the window closes (protocol.md §3.6). `isDue`: the deadline's timer asks. */
  #checkWindow(isDue: boolean): void {
    this.#guarded(() => this.#closeIfDecided(isDue), undefined).catch(() => undefined); // `closed` carries it
  }

  /** A timer counts time that passes; the deadline is a time of the clock, which may have been put back since. */
  async #closeIfDecided(isDue: boolean): Promise<void> {
    if (this.#phase !== 'collecting') return;
    const nowMs = BigInt(this.#deps.clock.nowMs());
    const isExpired = nowMs >= this.#open.task.deadlineMs;
    const state = this.#collected.window(this.#plan.spec.window, isExpired);
    if (state === 'open') {
      if (isDue) this.#awaitDeadline();
      return;
    }
    this.#decidedAtMs = nowMs;
    this.#phase = 'aggregating';
    this.#timer?.cancel();
    const closed = await (state === 'enough'
      ? this.#closeFull()
      : this.#closeEmpty(this.#tooFew()));
    this.#phase = 'anchoring';
    for (const node of this.#members.keys()) {
      this.#deps.link.drop(node, this.#open.run, this.#open.round);
      this.#deps.link.result(node, closed.resultFor(node));
    }
    this.#settle.resolve(closed);
  }

  async #closeFull(): Promise<ClosedRound> {
    const result = await this.#deps.folder.finish();
    if (!result.ok) {
      return this.#closeEmpty(new TallyError(result.code, { round: this.#open.round }).message);
    }
    const rows = {
      contributions: this.#collected.contributions(),
      exclusions: this.#collected.exclusions(this.#deps.sha256, false),
      notBeforeMs: this.#notBeforeMs(),
    };
    const end = { modelAfter: result.model, stateAfter: result.state };
    return closeRound(this.#open, end, rows, this.#deps);
  }

  /** closedAtMs is never before the round before, nor before the moment at which this one was found decided. */
  #notBeforeMs(): bigint {
    const { notBeforeMs } = this.#deps;
    return notBeforeMs > this.#decidedAtMs ? notBeforeMs : this.#decidedAtMs;
  }

  #closeEmpty(emptyReason: string): Promise<ClosedRound> {
    const { model, state } = this.#open.task;
    const rows = {
      contributions: [],
      exclusions: this.#collected.exclusions(this.#deps.sha256, true),
      notBeforeMs: this.#notBeforeMs(),
    };
    const end = { modelAfter: model, stateAfter: state, emptyReason };
    return closeRound(this.#open, end, rows, this.#deps);
  }

  #tooFew(): string {
    const { min } = this.#plan.spec.window.count;
    const { included } = this.#collected;
    const missing = missingNodes(this.#collected.missing());
    const meta = { included, min, round: this.#open.round, missing };
    return new TallyError('ROUND_TOO_FEW', meta).message;
  }

  /** Runs in the mailbox; a failed port ends this actor, because its memory may differ from the journal's. */
  #guarded<T>(task: () => Promise<T>, whenCancelled: T): Promise<T> {
    return this.#mailbox.run(async () => {
      if (this.#phase === 'cancelled') return whenCancelled;
      try {
        return await task();
      } catch (error) {
        this.cancel();
        this.#settle.reject(error);
        throw error;
      }
    });
  }
}

function deferred<T>(): {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
} {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => undefined); // awaited later; until then a failure is not "unhandled"
  return { promise, resolve, reject };
}
