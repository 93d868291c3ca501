import {
  type Hash,
  isTallyError,
  type NodeId,
  sleep,
  type StopSignal,
  TallyError,
} from '@tallystick/kernel';
import type { Decline, Signed } from '@tallystick/record';
import { type ClosedRound, closedRoundOf } from './closed-round.js';
import { ConsentWatch } from './consent-watch.js';
import { foldSpecOf } from './fold-spec.js';
import type { Submission } from './gate.js';
import { prepareRound } from './open-round.js';
import type { Phase } from './phases.js';
import type { DeclineText, ResumableRound, RunState } from './ports/index.js';
import { type LossTrack, NO_LOSSES, stoppedEarly, trackLoss } from './loss-track.js';
import { advance, type Position, startOf } from './position.js';
import { RoundActor } from './round-actor.js';
import type { RunDeps, RunPlan } from './run-plan.js';
import { orAborted } from './or-aborted.js';
import { maxStalenessOf } from './staleness.js';
import { TaskBook } from './task-book.js';
import { refusal, type Verdict } from './verdict.js';

/** How a run ended; or that it was paused, which is no end. */
export interface RunOutcome {
  readonly status: 'completed' | 'failed' | 'cancelled' | 'paused';
  /** For people, when it did not play all its rounds. */
  readonly reason?: string;
  readonly model: Hash;
  /** Closed rounds that count, empty ones included. */
  readonly rounds: number;
}

/** Where a run stands now. */
export interface RunStatus {
  readonly round: number;
  readonly phase: Phase;
  readonly included: number;
  readonly waitingFor: readonly NodeId[];
  /** What holds the run up when no round is open. */
  readonly waitingBecause?: string;
}

/** Headers an offer brings, and results kept for nodes that were away. */
const KEPT_ROUNDS = 16;
/**
 * After a failed port: 0.25 s, doubled up to 8 s. 60 failures in a row (7.5 minutes) end the run, unless what failed is away
 * and may come back: a database, a chain, a full disk. A run waits for those as long as it takes.
 */
const FAULT_DELAY_MS = 250;
const MAX_FAULT_DELAY_MS = 8_000;
const MAX_FAULTS = 60;
/** How often a full window of uncommitted rounds or a thin cohort is looked at again. */
const POLL_MS = 250;

/**
 * Plays a run to its end from whatever the journal holds. A port that fails (database or chain away) costs nothing
 * but time: the open round is taken up again from durable rows, and its result cannot differ.
 */
export class RunLoop {
  #actor: RoundActor | undefined;
  #waitingBecause: string | undefined;
  #position: Position;
  #losses: LossTrack = NO_LOSSES;
  /** Rounds that the chain held when it was last asked; it never holds fewer. */
  #anchored = 0;
  #isHalted = false;
  #isPaused = false;
  #isOver = false;
  /** Rounds were voided since the journal was read. */
  #isOutdated = false;
  #giveUp: () => void = () => undefined;
  /** Woken when a round collects and at the end. */
  #watchers: (() => void)[] = [];
  #recent: ClosedRound[] = [];
  readonly #book: TaskBook;
  readonly #consents: ConsentWatch;
  readonly #plan: RunPlan;
  readonly #deps: RunDeps;

  constructor(plan: RunPlan, deps: RunDeps) {
    this.#plan = plan;
    this.#deps = deps;
    this.#position = startOf(deps.sha256, plan);
    this.#book = new TaskBook(maxStalenessOf(plan.spec), deps);
    this.#consents = new ConsentWatch(plan, deps);
  }

  /**
   * Resolves at the end of the run; aborting cancels it and leaves an open round open in the journal. Rejects with
   * ROUND_FENCED when another coordinator plays the run.
   */
  async play(signal: StopSignal): Promise<RunOutcome> {
    try {
      return await this.#playOn(signal);
    } finally {
      this.#isOver = true;
      this.#wake();
    }
  }

  async #playOn(signal: StopSignal): Promise<RunOutcome> {
    for (let faults = 0; ;) {
      const roundBefore = this.#position.round;
      try {
        const outcome = await this.#playRounds(signal);
        if (outcome !== undefined) return outcome;
        faults = 0;
      } catch (error) {
        if (isTallyError(error, 'ROUND_FENCED')) throw error;
        // The journal is older than what the key has signed: trying again cannot make it newer.
        if (isTallyError(error, 'ROUND_SIGNED_BEFORE')) {
          return this.#outcome('failed', `${error.code}: ${error.message}`);
        }
        faults = this.#position.round > roundBefore ? 1 : faults + 1;
        const reason = error instanceof Error ? error.message : String(error);
        const isPassing = isTallyError(error) && error.disposition === 'retry';
        const code = isTallyError(error) ? error.code : 'INTERNAL';
        this.#deps.logger.warn('run.fault', { run: this.#plan.run, faults, code });
        if (faults >= MAX_FAULTS && !isPassing) return this.#outcome('failed', reason);
        this.#waitingBecause = reason;
        const delayMs = Math.min(MAX_FAULT_DELAY_MS, FAULT_DELAY_MS * 2 ** (faults - 1));
        await sleep(this.#deps.clock, delayMs, signal);
      }
    }
  }

  /** Finishes the open round and opens no other: `play` then resolves as paused. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Takes `pause` back; of no use once `play` has resolved. */
  goOn(): void {
    this.#isPaused = false;
  }

  /**
   * The journal holds that the chain voided rounds: the open one, which builds on them, is given up, and the run goes on
   * from the last round that counts.
   */
  voided(): void {
    this.#isOutdated = true;
    this.#giveUp();
  }

  /** A receipt whose update is stored and has the receipt's hash and size. */
  submit(node: NodeId, submission: Submission): Promise<Verdict> {
    const { run, round } = submission.receipt;
    const actor = this.#actor;
    if (actor !== undefined && this.#takes(actor, round)) return actor.submit(node, submission);
    this.#book.keepForLater(node, round);
    return Promise.resolve(refusal('ignored', 'ROUND_CLOSED', { run, round }));
  }

  /** A signed refusal, and what the node says about it. */
  async decline(
    node: NodeId,
    { value, signature }: Signed<Decline>,
    told?: DeclineText,
  ): Promise<void> {
    const actor = this.#actor;
    if (actor !== undefined && this.#takes(actor, value.round)) {
      await actor.decline(node, { value, signature }, told);
    }
  }

  /** A node is back: the results it may have missed, then the current offer. */
  joined(node: NodeId): void {
    for (const closed of this.#recent) this.#deps.link.result(node, closed.resultFor(node));
    this.#actor?.joined(node);
  }

  /** True while an update of `node` for the task of `round` can still count, in this round or a later one. */
  expects(node: NodeId, round: number): boolean {
    const actor = this.#actor;
    if (this.#plan.spec.asynchronous === undefined) {
      return actor?.round === round && actor.expects(node);
    }
    const now = actor?.round ?? this.#position.round;
    const wasAsked = this.#book.find(round)?.members.has(node) === true;
    return wasAsked && this.#book.isAnswerable(round, now) && !this.#book.counted(node, round);
  }

  /** Resolves when everything sent so far is done and the next round collects, or the run has ended or rests. */
  async settled(): Promise<void> {
    while (!this.#isOver) {
      const actor = this.#actor;
      await actor?.idle();
      if (actor === this.#actor && actor?.status().phase === 'collecting') return;
      if (!this.#isOver) await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  /** Asynchronous rounds judge every receipt: it may be for an earlier task. */
  #takes(actor: RoundActor, round: number): boolean {
    return actor.round === round || this.#plan.spec.asynchronous !== undefined;
  }

  status(): RunStatus {
    const waiting =
      this.#waitingBecause === undefined ? {} : { waitingBecause: this.#waitingBecause };
    const actor = this.#actor;
    const round = actor?.round ?? this.#position.round;
    const phase = actor?.status() ?? { phase: 'opening', included: 0, waitingFor: [] };
    return { round, ...phase, ...waiting };
  }

  /** Undefined when the journal is to be read again. */
  async #playRounds(signal: StopSignal): Promise<RunOutcome | undefined> {
    this.#isOutdated = false;
    const recent = maxStalenessOf(this.#plan.spec);
    const state = await this.#deps.journal.load(this.#plan.run, recent);
    this.#recall(state);
    if (state.voids.length > 0) await this.#askChain();
    let resume = state.open;
    while (!this.#isOutdated) {
      const end = this.#end(signal);
      if (end !== undefined) return end;
      if (resume === undefined && this.#isPaused) return this.#outcome('paused');
      const round = resume ?? (await this.#openNext(signal));
      resume = undefined;
      if (round !== undefined) await this.#playRound(round, signal);
    }
    return undefined;
  }

  /** Takes position, losses and recent results from durable rows. */
  #recall(state: RunState): void {
    this.#position = startOf(this.#deps.sha256, this.#plan, state.voids);
    this.#losses = NO_LOSSES;
    const closed = state.headers.map((header, i) => ({
      header,
      metrics: state.metrics[i] ?? '{}',
    }));
    for (const round of closed) this.#advance(round);
    this.#book.restore(state.recent);
    const task = state.recent.at(-1)?.task;
    const newest = closed.at(-1)?.header.round;
    const rows = state.last
      .toSorted((a, b) => a.node - b.node)
      .map((row) => ({ ...row, signature: row.receiptSignature }));
    this.#recent = closed.slice(-KEPT_ROUNDS).map((round) => {
      const { header } = round;
      const isShown = header.round === newest && header.included > 0;
      const shown = isShown && task !== undefined ? { ...round, task } : round;
      return closedRoundOf(shown, isShown ? rows : [], this.#deps);
    });
  }

  #advance(closed: Pick<ClosedRound, 'header' | 'metrics'>): void {
    this.#position = advance(this.#deps.sha256, this.#position, closed.header);
    this.#losses = trackLoss(this.#losses, closed, this.#plan.spec);
  }

  #end(signal: StopSignal): RunOutcome | undefined {
    const { spec } = this.#plan;
    if (this.#position.nonEmpty >= spec.rounds) return this.#outcome('completed');
    if (signal.aborted) return this.#outcome('cancelled');
    const early = stoppedEarly(this.#losses, spec);
    if (early !== undefined) return this.#outcome('completed', early);
    if (this.#isHalted) {
      const { code, message } = new TallyError('LEDGER_RUN_HALTED', { run: this.#plan.run });
      return this.#outcome('failed', `${code}: ${message}`);
    }
    if (this.#position.emptyInRow < spec.maxEmptyRounds) return undefined;
    const last = this.#recent.at(-1)?.emptyReason ?? 'the last rounds were empty';
    return this.#outcome('failed', `${this.#position.emptyInRow} empty rounds in a row: ${last}`);
  }

  #outcome(status: RunOutcome['status'], reason?: string): RunOutcome {
    const { model, closed: rounds } = this.#position;
    return { status, model, rounds, ...(reason === undefined ? {} : { reason }) };
  }

  /** Opens the next round durably; undefined when the run was cancelled, paused, halted or voided while it waited. */
  async #openNext(signal: StopSignal): Promise<ResumableRound | undefined> {
    while (!signal.aborted && !this.#isPaused && !this.#isOutdated) {
      const isAhead = await this.#isAhead();
      if (this.#isHalted) return undefined;
      const open = isAhead ? undefined : await prepareRound(this.#plan, this.#position, this.#deps);
      if (open !== undefined) {
        this.#waitingBecause = undefined;
        await this.#deps.journal.open(open);
        return { ...open, contributions: [], declines: [] };
      }
      await sleep(this.#deps.clock, POLL_MS, signal);
    }
    return undefined;
  }

  /**
   * True while `maxUncommitted` closed rounds are not yet in a finalised block; also while the chain has skipped numbers
   * that count here, which `voided` will tell of.
   */
  async #isAhead(): Promise<boolean> {
    const { maxUncommitted, window } = this.#plan.spec;
    this.#waitingBecause = `fewer than ${window.count.min} nodes are admitted and consented`;
    const { round } = this.#position;
    const isNear = (): boolean =>
      this.#anchored <= round && round - this.#anchored < maxUncommitted;
    if (isNear()) return false;
    await this.#askChain();
    if (isNear()) return false;
    this.#waitingBecause =
      this.#anchored > round
        ? 'the chain has voided rounds; that is being taken in'
        : `${maxUncommitted} rounds are not final on the chain yet`;
    return true;
  }

  async #askChain(): Promise<void> {
    const anchored = await this.#deps.ledger.anchored(this.#plan.run);
    this.#anchored = anchored?.nextRound ?? 0;
    this.#isHalted = anchored?.isHalted ?? false;
  }

  #wake(): void {
    for (const resolve of this.#watchers.splice(0)) resolve();
  }

  /** Its nodes have nothing to bring any more. */
  #drop({ run, round, cohort }: ResumableRound): void {
    for (const { member } of cohort) this.#deps.link.drop(member.node, run, round);
  }

  async #playRound(round: ResumableRound, signal: StopSignal): Promise<void> {
    const { folders } = this.#deps;
    const folder = await folders.open(foldSpecOf(this.#plan.spec, round.task));
    const actor = new RoundActor(this.#plan, round, {
      ...this.#deps,
      folder,
      book: this.#book,
      consents: this.#consents,
      asked: this.#book.open(
        round,
        this.#recent.map((closed) => closed.wire),
      ),
      notBeforeMs: this.#position.lastClosedAtMs,
    });
    this.#actor = actor;
    const givenUp = new Promise<undefined>((resolve) => {
      this.#giveUp = (): void => resolve(undefined);
    });
    if (this.#isOutdated) this.#giveUp();
    try {
      await actor.start(round);
      this.#wake();
      const closed = await orAborted(Promise.race([givenUp, actor.closed]), signal);
      if (closed === undefined) return this.#isOutdated ? this.#drop(round) : undefined;
      this.#advance(closed);
      this.#recent = [...this.#recent, closed].slice(-KEPT_ROUNDS);
    } finally {
      actor.cancel();
      this.#actor = undefined;
      await folder.close();
    }
  }
}
