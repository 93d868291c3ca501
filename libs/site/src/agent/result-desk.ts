import { type ErrorCode, type Hash, type RunId, TallyError } from '@tallystick/kernel';
import {
  decodeSigned,
  HEADER,
  PROMISE,
  RECEIPT,
  receiptHash,
  recordHash,
  type Task,
  TASK,
} from '@tallystick/record';
import { maxStalenessOf, type RoundResult } from '@tallystick/rounds';
import type { LogLine } from '../log/log-line.js';
import type { RoundMemory } from '../log/log-memory.js';
import type { AgentContext } from './agent-context.js';
import { type Contradiction, ContradictionError, evidenceLines } from './contradiction.js';
import { findInclusion, type Inclusion, type OwnContribution } from './inclusion.js';
import { judgeResult } from './judge-result.js';
import { openSigned } from './open-records.js';
import { type ClosedForUs, MAX_STALENESS, ownContribution } from './own-contribution.js';

/** What a site makes of a closed round: its model, or the first thing that was wrong. */
export type Conclusion =
  { readonly model: Hash } | { readonly code: ErrorCode; readonly message: string };

interface OpenResult extends ClosedForUs {
  readonly wire: string;
}

/** Checks promises, headers and inclusion proofs against what this site signed and was told before. */
export class ResultDesk {
  readonly #context: AgentContext;

  constructor(context: AgentContext) {
    this.#context = context;
  }

  /** See `SiteAgent.promised`. */
  async promised(run: RunId, round: number, wire: string): Promise<void> {
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
    if (held !== undefined) return;
    await deps.log.append({ type: 'promise', run, round: value.round, wire });
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
        return this.#accuse([error.contradiction]);
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
    const { deps, headers } = this.#context;
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
    const inclusion = await this.#inclusion(result, memory, own, signal);
    const facts = { header, headerWire: wire, memory, task, own, inclusion };
    const found = judgeResult(deps.sha256, facts);
    const isProved = typeof inclusion !== 'string' && own !== undefined && found.length === 0;
    if (isProved)
      lines.push({ type: 'inclusion', run, round, ...inclusion, proof: [...inclusion.proof] });
    if (found.length > 0) return this.#accuse(found, lines);
    await deps.log.append(...lines);
    return { model };
  }

  /** The proof that came along; else, when there was a promise, what the leaves of the round say. */
  async #inclusion(
    result: OpenResult,
    memory: RoundMemory | undefined,
    own: OwnContribution | undefined,
    signal: AbortSignal,
  ): Promise<Inclusion | 'absent' | 'unknown'> {
    const { deps } = this.#context;
    const { header, inclusion } = result;
    if (inclusion !== undefined) return inclusion;
    if (own === undefined || memory?.promise === undefined || header.included === 0) {
      return 'unknown';
    }
    try {
      const leaves = await deps.source.leaves(header.run, header.round, signal);
      return findInclusion(deps.sha256, header, own, leaves);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      deps.logger.warn('leaves.unavailable', { run: header.run, round: header.round, reason });
      return 'unknown';
    }
  }

  async #accuse(
    found: readonly Contradiction[],
    lines: readonly LogLine[] = [],
  ): Promise<Conclusion> {
    const { deps, identity } = this.#context;
    await deps.log.append(...lines, ...evidenceLines(deps.log, found));
    const [first] = found.map((one) => new ContradictionError(one, identity.node));
    for (const { code, run, round } of found)
      deps.logger.error('evidence.kept', { code, run, round });
    const { code, message } = first ?? new TallyError('INTERNAL', { reason: 'no contradiction' });
    return { code, message };
  }
}
