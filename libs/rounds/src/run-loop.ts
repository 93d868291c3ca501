import { type Hash, isTallyError, type NodeId, sleep, type StopSignal } from '@tallystick/kernel';
import type { Decline, Signed } from '@tallystick/record';
import { type ClosedRound, closedRoundOf } from './closed-round.js';
import { foldSpecOf } from './fold-spec.js';
import type { Submission } from './gate.js';
import { prepareRound } from './open-round.js';
import type { Phase } from './phases.js';
import type { DeclineText, ResumableRound, RunState } from './ports/index.js';
import { advance, type Position, startOf } from './position.js';
import { RoundActor } from './round-actor.js';
import type { RunDeps, RunPlan } from './run-plan.js';
import { orAborted } from './or-aborted.js';
import { refusal, type Verdict } from './verdict.js';

/** How a run ended. */
export interface RunOutcome {
  readonly status: 'completed' | 'failed' | 'cancelled';
  /** For people, when it did not complete. */
  readonly reason?: string;
  readonly model: Hash;
  /** Closed rounds, empty ones included. */
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
/** After a failed port: 0.25 s, doubled up to 8 s; 60 failures in a row (7.5 minutes) end the run. */
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
  #recent: ClosedRound[] = [];
  readonly #plan: RunPlan;
  readonly #deps: RunDeps;

  constructor(plan: RunPlan, deps: RunDeps) {
    this.#plan = plan;
    this.#deps = deps;
    this.#position = startOf(deps.sha256, plan);
  }

  /**
   * Resolves at the end of the run; aborting cancels it and leaves an open round open in the journal. Rejects with
   * ROUND_FENCED when another coordinator plays the run.
   */
  async play(signal: StopSignal): Promise<RunOutcome> {
    for (let faults = 0; ;) {
      const roundBefore = this.#position.round;
      try {
        return await this.#playRounds(signal);
      } catch (error) {
        if (isTallyError(error, 'ROUND_FENCED')) throw error;
        faults = this.#position.round > roundBefore ? 1 : faults + 1;
        const reason = error instanceof Error ? error.message : String(error);
        this.#deps.logger.warn('run.fault', { run: this.#plan.run, faults });
        if (faults >= MAX_FAULTS) return this.#outcome('failed', reason);
        this.#waitingBecause = reason;
        const delayMs = Math.min(MAX_FAULT_DELAY_MS, FAULT_DELAY_MS * 2 ** (faults - 1));
        await sleep(this.#deps.clock, delayMs, signal);
      }
    }
  }

  /** A receipt whose update is stored and has the receipt's hash and size. */
  submit(node: NodeId, submission: Submission): Promise<Verdict> {
    const { run, round } = submission.receipt;
    const actor = this.#actor;
    if (actor?.round === round) return actor.submit(node, submission);
    return Promise.resolve(refusal('ignored', 'ROUND_CLOSED', { run, round }));
  }

  /** A signed refusal, and what the node says about it. */
  async decline(
    node: NodeId,
    { value, signature }: Signed<Decline>,
    told?: DeclineText,
  ): Promise<void> {
    const actor = this.#actor;
    if (actor?.round === value.round) await actor.decline(node, { value, signature }, told);
  }

  /** A node is back: the results it may have missed, then the current offer. */
  joined(node: NodeId): void {
    for (const closed of this.#recent) this.#deps.link.result(node, closed.resultFor(node));
    this.#actor?.joined(node);
  }

  /** True while an update of `node` for `round` can still count. */
  expects(node: NodeId, round: number): boolean {
    const actor = this.#actor;
    return actor?.round === round && actor.expects(node);
  }

  status(): RunStatus {
    const waiting =
      this.#waitingBecause === undefined ? {} : { waitingBecause: this.#waitingBecause };
    const actor = this.#actor;
    const round = actor?.round ?? this.#position.round;
    const phase = actor?.status() ?? { phase: 'opening', included: 0, waitingFor: [] };
    return { round, ...phase, ...waiting };
  }

  async #playRounds(signal: StopSignal): Promise<RunOutcome> {
    const state = await this.#deps.journal.load(this.#plan.run);
    this.#recall(state);
    let resume = state.open;
    for (;;) {
      const end = this.#end(signal);
      if (end !== undefined) return end;
      const round = resume ?? (await this.#openNext(signal));
      resume = undefined;
      if (round !== undefined) await this.#playRound(round, signal);
    }
  }

  /** Takes position and recent results from durable rows. */
  #recall(state: RunState): void {
    const { sha256 } = this.#deps;
    this.#position = state.headers.reduce<Position>(
      (position, header) => advance(sha256, position, header),
      startOf(sha256, this.#plan),
    );
    const newest = state.headers.length - 1;
    const rows = state.last
      .toSorted((a, b) => a.node - b.node)
      .map((row) => ({ ...row, signature: row.receiptSignature }));
    this.#recent = state.headers
      .slice(-KEPT_ROUNDS)
      .map((header) =>
        closedRoundOf(
          header,
          header.round === newest && header.included > 0 ? rows : [],
          this.#deps,
        ),
      );
  }

  #end(signal: StopSignal): RunOutcome | undefined {
    const { spec } = this.#plan;
    if (this.#position.nonEmpty >= spec.rounds) return this.#outcome('completed');
    if (signal.aborted) return this.#outcome('cancelled');
    if (this.#position.emptyInRow < spec.maxEmptyRounds) return undefined;
    const last = this.#recent.at(-1)?.emptyReason ?? 'the last rounds were empty';
    return this.#outcome('failed', `${this.#position.emptyInRow} empty rounds in a row: ${last}`);
  }

  #outcome(status: RunOutcome['status'], reason?: string): RunOutcome {
    const { model, round: rounds } = this.#position;
    return { status, model, rounds, ...(reason === undefined ? {} : { reason }) };
  }

  /** Opens the next round durably; undefined when the run was cancelled while it waited. */
  async #openNext(signal: StopSignal): Promise<ResumableRound | undefined> {
    while (!signal.aborted) {
      const open = (await this.#isAhead())
        ? undefined
        : await prepareRound(this.#plan, this.#position, this.#deps);
      if (open !== undefined) {
        this.#waitingBecause = undefined;
        await this.#deps.journal.open(open);
        return { ...open, contributions: [], declines: [] };
      }
      await sleep(this.#deps.clock, POLL_MS, signal);
    }
    return undefined;
  }

  /** True while `maxUncommitted` closed rounds are not yet in a finalised block. */
  async #isAhead(): Promise<boolean> {
    const { maxUncommitted, window } = this.#plan.spec;
    this.#waitingBecause = `fewer than ${window.count.min} nodes are admitted`;
    if (this.#position.round < maxUncommitted) return false;
    const anchored = await this.#deps.ledger.anchored(this.#plan.run);
    const isAhead = this.#position.round - (anchored?.nextRound ?? 0) >= maxUncommitted;
    if (isAhead) this.#waitingBecause = `${maxUncommitted} rounds are not final on the chain yet`;
    return isAhead;
  }

  async #playRound(round: ResumableRound, signal: StopSignal): Promise<void> {
    const { folders, sha256 } = this.#deps;
    const folder = await folders.open(foldSpecOf(this.#plan.spec, round.task));
    const actor = new RoundActor(this.#plan, round, {
      ...this.#deps,
      folder,
      headers: this.#recent.map((closed) => closed.wire),
      notBeforeMs: this.#position.lastClosedAtMs,
    });
    this.#actor = actor;
    try {
      await actor.start(round);
      const closed = await orAborted(actor.closed, signal);
      if (closed === undefined) return;
      this.#position = advance(sha256, this.#position, closed.header);
      this.#recent = [...this.#recent, closed].slice(-KEPT_ROUNDS);
    } finally {
      actor.cancel();
      this.#actor = undefined;
      await folder.close();
    }
  }
}
