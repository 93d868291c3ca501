import { type ErrorCode, type Hash, type RunId, TallyError } from '@tallystick/kernel';
import {
  decodeSigned,
  HEADER,
  PROMISE,
  RECEIPT,
  receiptHash,
  recordHash,
  RoundMode,
  type Task,
  TASK,
} from '@tallystick/record';
import { maxStalenessOf, type RoundResult } from '@tallystick/rounds';
import type { LogLine } from '../log/log-line.js';
import type { RoundMemory } from '../log/log-memory.js';
import type { AgentContext } from './agent-context.js';
import { ContradictionError } from './contradiction.js';
import type { OwnContribution } from './inclusion.js';
import { judgeResult } from './judge-result.js';
import { openSigned } from './open-records.js';
import { type ClosedForUs, MAX_STALENESS, ownContribution } from './own-contribution.js';
import { type Standing, standingIn } from './standing.js';

/** What a round of more nodes holds is asked for only with a promise in hand: it would be megabytes for each of them. */
const MAX_ASKED_COHORT = 1_024;
/** Receipts without a verdict that are remembered; the oldest are forgotten. */
const MAX_UNANSWERED = 64;

/** What a site makes of a closed round: its model, or the first thing that was wrong. */
export type Conclusion =
  { readonly model: Hash } | { readonly code: ErrorCode; readonly message: string };

interface OpenResult extends ClosedForUs {
  readonly wire: string;
}

/** Checks promises, headers and inclusion proofs against what this site signed and was told before. */
export class ResultDesk {
  readonly #context: AgentContext;
  readonly #unanswered = new Set<string>();

  constructor(context: AgentContext) {
    this.#context = context;
  }

  /** See `SiteAgent.promised`. The round that the promise is about: of an asynchronous run a later one than the task's. */
  async promised(run: RunId, round: number, wire: string): Promise<number> {
    const { identity, deps } = this.#context;
    const { value } = openSigned(deps.ed25519, identity, PROMISE, wire);
    const refuse = (reason: string): TallyError =>
      new TallyError('PROTO_UNEXPECTED', { kind: 'promise', reason });
    const isInTime = round <= value.round && value.round - round <= this.#stalenessOf(run);
    if (value.run !== run || !isInTime || value.node !== identity.node) {
      throw refuse(`it is for node ${value.node}, run ${value.run}, round ${value.round}`);
    }
    const own = deps.log.round(run, round)?.receipt;
    if (own === undefined) throw refuse('this site signed no receipt of that round');
    const { value: receipt, signature } = decodeSigned(RECEIPT, own.wire);
    if (value.receipt !== receiptHash(deps.sha256, receipt, signature)) {
      throw refuse('it names another receipt than this site signed');
    }
    const held = deps.log.round(run, value.round)?.promise;
    if (held === undefined) {
      await deps.log.append({ type: 'promise', run, round: value.round, wire });
    }
    return value.round;
  }

  /** See `SiteAgent.unanswered`. */
  unanswered(run: RunId, round: number): void {
    this.#unanswered.add(keyOf(run, round));
    const oldest = this.#unanswered.values().next().value;
    if (this.#unanswered.size > MAX_UNANSWERED && oldest !== undefined) {
      this.#unanswered.delete(oldest);
    }
  }

  /** See `SiteAgent.concluded`. */
  async concluded(result: RoundResult, signal: AbortSignal): Promise<Conclusion> {
    const { identity, deps, admission } = this.#context;
    const { wire } = result.header;
    const { value: header } = openSigned(deps.ed25519, identity, HEADER, wire);
    const opened = { header, wire, inclusion: result.inclusion, shown: this.#shownTask(result) };
    return admission.run(async () => {
      try {
        return await this.#conclude(opened, signal);
      } catch (error) {
        if (!(error instanceof ContradictionError)) throw error;
        return this.#context.faults.accuse([error.contradiction]);
      }
    });
  }

  /** Rounds that an update of `run` may be old; a spec that is not at hand allows the most that any does. */
  #stalenessOf(run: RunId): number {
    const { deps, specs } = this.#context;
    const id = deps.log.spec(run);
    const spec = id === undefined ? undefined : specs.peek(id);
    return spec === undefined ? MAX_STALENESS : maxStalenessOf(spec);
  }

  /** The task that the result shows, when the header is of that very task. */
  #shownTask({ header: { header }, task }: RoundResult): Task | undefined {
    if (task === undefined) return undefined;
    const { identity, deps } = this.#context;
    const { value } = openSigned(deps.ed25519, identity, TASK, task.wire);
    return recordHash(deps.sha256, TASK, value) === header.task ? value : undefined;
  }

  async #conclude(result: OpenResult, signal: AbortSignal): Promise<Conclusion> {
    const { deps, headers, faults } = this.#context;
    const { header, wire } = result;
    const { run, round, modelAfter: model } = header;
    const isHeld = headers.isHeld({ value: header, wire });
    const memory = deps.log.round(run, round);
    const isNothingNew = result.inclusion === undefined || memory?.inclusion !== undefined;
    if (isHeld && isNothingNew) return { model };
    const history = isHeld ? undefined : await headers.catchUp(run, round, [], signal);
    if (history?.head !== undefined && history.head.header.round >= round) {
      const { code, message } = new TallyError('ROUND_CLOSED', { run, round });
      return { code, message }; // older than the index reaches
    }
    const lines: LogLine[] = isHeld ? [] : [headers.lineOf({ value: header, wire })];
    const task = memory?.task && decodeSigned(TASK, memory.task.wire).value;
    const own = await ownContribution(this.#context, result, signal);
    const standing = await this.#standing(result, memory, own, signal);
    const isUnanswered = this.#unanswered.has(keyOf(run, round));
    const key = memory?.key ?? deps.signer.key;
    const facts = { header, headerWire: wire, memory, task, own, standing, isUnanswered, key };
    const found = judgeResult(deps, facts);
    if (standing.kind === 'included' && own !== undefined && found.length === 0) {
      const { index, weight, proof } = standing.inclusion;
      lines.push({ type: 'inclusion', run, round, index, weight, proof: [...proof] });
    }
    if (found.length > 0) return faults.accuse(found, lines);
    await deps.log.append(...lines);
    return { model };
  }

  /** The proof that came along; else what the contents of the round say, where this site was to be in it. */
  async #standing(
    { header, inclusion }: OpenResult,
    memory: RoundMemory | undefined,
    own: OwnContribution | undefined,
    signal: AbortSignal,
  ): Promise<Standing> {
    const { deps, identity } = this.#context;
    if (inclusion !== undefined) return { kind: 'included', inclusion };
    const wasAsked = memory?.task?.hash === header.task && header.cohort <= MAX_ASKED_COHORT;
    const isPlain = header.mode !== RoundMode.asynchronous && wasAsked;
    if (memory?.promise === undefined && !isPlain) return { kind: 'unknown' };
    const { run, round } = header;
    try {
      const contents = await deps.source.contents(run, round, signal);
      const who = { node: identity.node, receiptHash: own?.receiptHash };
      return standingIn(deps.sha256, header, who, contents);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      deps.logger.warn('contents.unavailable', { run, round, reason });
      return { kind: 'unknown' };
    }
  }
}

function keyOf(run: RunId, round: number): string {
  return `${run}/${round}`;
}
