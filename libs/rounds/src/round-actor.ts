import { type NodeId, SerialQueue, TallyError, type Timer } from '@tallystick/kernel';
import {
  type Decline,
  DECLINE,
  encodeSigned,
  ExclusionReason,
  type Signed,
  verifyRecord,
} from '@tallystick/record';
import { type ClosedRound, closeRound } from './closed-round.js';
import { Collected } from './collected.js';
import type { ConsentWatch } from './consent-watch.js';
import type { Submission } from './gate.js';
import { missingNodes } from './missing-nodes.js';
import type { Phase } from './phases.js';
import type {
  CohortNode,
  ContributionRow,
  DeclineText,
  Folder,
  OpenRound,
  ResumableRound,
  StepName,
  Weighted,
} from './ports/index.js';
import { weightedOf } from './fold-spec.js';
import { type Judged, RoundGate } from './round-gate.js';
import type { RunDeps, RunPlan } from './run-plan.js';
import { modeOf } from './staleness.js';
import type { AskedRound, TaskBook } from './task-book.js';
import type { Verdict } from './verdict.js';

/** Waiting messages per cohort node before more are refused; a submit, its close and a decline are honest. */
const MESSAGES_PER_NODE = 8;

/** What an actor needs beyond the run's ports. */
export interface RoundDeps extends RunDeps {
  readonly folder: Folder;
  /** Which tasks may be answered, and who is at work. */
  readonly book: TaskBook;
  /** Who withdrew since the round opened. */
  readonly consents: ConsentWatch;
  /** This round, as the book has it. */
  readonly asked: AskedRound;
  /** closedAtMs of the round before. */
  readonly notBeforeMs: bigint;
}

/** A submitted receipt and whom to tell what became of it. */
interface Arrival {
  readonly node: NodeId;
  readonly submission: Submission;
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: unknown) => void;
}

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
  /** The clock when the round was taken up. */
  #startMs = 0;
  /** The clock when the window closed. */
  #decidedAtMs = 0n;
  readonly #mailbox: SerialQueue;
  /** Most messages that wait. */
  readonly #messages: number;
  /** Submitted, and not looked at yet. */
  readonly #arrived: Arrival[] = [];
  readonly #collected: Collected;
  readonly #members: ReadonlyMap<NodeId, CohortNode>;
  readonly #gate: RoundGate;
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
    this.#collected = new Collected(open, plan.spec);
    this.#members = deps.asked.members;
    const at = { open, members: this.#members };
    this.#gate = new RoundGate(plan, at, { ...deps, collected: this.#collected });
  }

  get round(): number {
    return this.#open.round;
  }

  /** Takes up what is durable already, offers the task to everyone else and starts the deadline. */
  start(rows: Pick<ResumableRound, 'contributions' | 'declines'>): Promise<void> {
    return this.#guarded(async () => {
      this.#startMs = this.#deps.clock.nowMs();
      for (const row of rows.contributions) this.#collected.accept(row);
      for (const row of rows.declines) this.#collected.decline(row);
      await this.#deps.folder.rebuild(rows.contributions.map((row) => this.#weighted(row)));
      this.#phase = 'collecting';
      this.#awaitDeadline();
      for (const node of this.#members.keys()) this.#ask(node);
      this.#trace('offer', this.#startMs, { nodes: this.#members.size });
      this.#checkWindow(false);
    }, undefined);
  }

  /** A cohort node is back: the task it may be at work on, and this one, unless it has answered. */
  joined(node: NodeId): void {
    if (!this.expects(node)) return;
    const work = this.#deps.book.workOf(node);
    if (work !== undefined && work.round < this.round) this.#offer(node, work.round);
    this.#offer(node, this.round);
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
      const taskHash = this.#deps.book.find(decline.round)?.offer.taskHash;
      if (decline.node !== node || decline.task !== taskHash) return;
      if (!verifyRecord(this.#deps.ed25519, DECLINE, decline, member.key, signature)) return;
      this.#deps.book.done(node, decline.round);
      if (decline.round !== this.round) return this.#ask(node); // it may still take this one
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
    for (const { resolve } of this.#arrived.splice(0)) resolve(this.#gate.closed());
  }

  /** Resolves when everything that was sent here so far is done. */
  idle(): Promise<void> {
    return this.#mailbox.idle();
  }

  /** Gives a node this task, unless it is at work on another that still counts; asks again for one that is ready. */
  #ask(node: NodeId): void {
    if (!this.expects(node)) return;
    const work = this.#deps.book.workOf(node);
    if (work === undefined || work.isReady) this.#offer(node, work?.round ?? this.round);
    else if (work.round === this.round) this.#offer(node, this.round);
  }

  #offer(node: NodeId, round: number): void {
    const asked = this.#deps.book.find(round);
    if (asked === undefined) return;
    this.#deps.book.give(node, round);
    this.#deps.link.offer(node, asked.offer);
  }

  async #judgeArrived(): Promise<void> {
    const arrived = this.#arrived.splice(0);
    const startMs = this.#deps.clock.nowMs();
    try {
      const isCollecting = this.#phase === 'collecting';
      const judged = await Promise.all(
        arrived.map(({ node, submission }) => this.#gate.judge(node, submission, isCollecting)),
      );
      const rows = this.#firstOfEach(judged);
      if (rows.length > 0) await this.#deps.journal.append(this.#open.run, this.#open.round, rows);
      for (const row of rows) this.#collected.accept(row);
      this.#refuseSurplus(judged);
      for (const [i, arrival] of arrived.entries()) this.#answer(arrival, judged[i]);
      this.#trace('accept', startMs, { receipts: arrived.length, accepted: rows.length });
      await Promise.all(rows.map((row) => this.#deps.folder.add(this.#weighted(row))));
    } catch (error) {
      for (const { reject } of arrived) reject(error);
      throw error;
    }
  }

  #answer({ node, submission, resolve }: Arrival, judged: Judged = this.#gate.closed()): void {
    const verdict = 'row' in judged ? this.#gate.verdictOn(judged.row) : judged;
    const { book } = this.#deps;
    const { round } = submission.receipt;
    const isLate = verdict.outcome === 'ignored' && verdict.code === 'ROUND_CLOSED';
    if (isLate) book.keepForLater(node, round);
    else book.done(node, round);
    resolve(verdict);
    if (!isLate && round !== this.round) this.#ask(node);
  }

  /** One row for each node, and no more of them than the window takes. */
  #firstOfEach(judged: readonly Judged[]): readonly ContributionRow[] {
    const max = this.#plan.spec.window.count.max ?? this.#open.cohort.length;
    const nodes = new Set<NodeId>();
    return judged
      .flatMap((each) => ('row' in each ? [each.row] : []))
      .filter(({ node }) => !nodes.has(node) && nodes.add(node))
      .slice(0, max - this.#collected.included);
  }

  /** What came when the window was full already stands as late, unless the next round may take it. */
  #refuseSurplus(judged: readonly Judged[]): void {
    if (this.#plan.spec.asynchronous !== undefined) return;
    for (const each of judged) {
      if (!('row' in each) || this.#collected.contribution(each.row.node) !== undefined) continue;
      const { node, promise } = each.row;
      this.#collected.refuse(node, promise.receipt, ExclusionReason.late);
    }
  }

  #weighted({ node, receipt, weight }: ContributionRow): Weighted {
    return weightedOf(this.#plan.spec, {
      node,
      update: receipt.update,
      numExamples: receipt.numExamples,
      weight,
    });
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
    this.#trace('collect', this.#startMs, { included: this.#collected.included });
    const closed = await (state === 'enough'
      ? this.#closeFull()
      : this.#closeEmpty(this.#tooFew()));
    this.#phase = 'anchoring';
    const { book } = this.#deps;
    book.close(this.round, this.#collected.rows());
    const ended = book.lastEnded(this.round);
    for (const node of this.#members.keys()) {
      if (ended >= 0) this.#deps.link.drop(node, this.#open.run, ended);
      this.#deps.link.result(node, closed.resultFor(node));
    }
    const { included, excluded } = closed.header;
    this.#trace('round', this.#startMs, { included, excluded });
    this.#settle.resolve(closed);
  }

  /** A step that ends now. */
  #trace(name: StepName, startMs: number, counts: Readonly<Record<string, number>> = {}): void {
    const { trace, clock, asked } = this.#deps;
    const attributes = { run: this.#open.run, round: this.round, ...counts };
    trace?.step(asked.offer.taskHash, { name, startMs, endMs: clock.nowMs(), attributes });
  }

  async #closeFull(): Promise<ClosedRound> {
    const startMs = this.#deps.clock.nowMs();
    const result = await this.#deps.folder.finish();
    this.#trace('fold', startMs);
    if (!result.ok) {
      return this.#closeEmpty(new TallyError(result.code, { round: this.#open.round }).message);
    }
    const rows = {
      contributions: this.#collected.contributions(),
      exclusions: this.#collected.exclusions(this.#deps.sha256, false),
      notBeforeMs: this.#notBeforeMs(),
    };
    const end = { modelAfter: result.model, stateAfter: result.state };
    return closeRound(this.#open, end, { ...rows, mode: modeOf(this.#plan.spec) }, this.#deps);
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
    return closeRound(this.#open, end, { ...rows, mode: modeOf(this.#plan.spec) }, this.#deps);
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
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
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
