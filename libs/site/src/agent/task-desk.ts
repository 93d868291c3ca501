import {
  type ErrorCode,
  type Hash,
  isTallyError,
  type RunId,
  TallyError,
  toHex,
} from '@tallystick/kernel';
import {
  DECLINE,
  decodeSigned,
  HEADER,
  LOSS_NOT_MEASURED,
  MEMBER,
  type Receipt,
  RECEIPT,
  recordHash,
  signRecord,
  type Task,
  TASK,
} from '@tallystick/record';
import { maxStalenessOf, type Offer } from '@tallystick/rounds';
import { linkAborts } from '@tallystick/kernel/node';
import type { RunSpec, SiteSent } from '@tallystick/protocol';
import { consentedPolicy, readOwnConsents } from '../consent/own-consents.js';
import { receiptSalt } from '../keystore.js';
import type { LineOf } from '../log/log-line.js';
import { type RunHistory, taskFault } from '../log/run-history.js';
import { judgeProposal } from '../site-policy.js';
import { askOf } from '../tasks/ask-of.js';
import type { AgentContext } from './agent-context.js';
import { ownMember, weightRuleFault } from './check-task.js';
import { type Contradiction, ContradictionError } from './contradiction.js';
import { openSigned } from './open-records.js';
import {
  asTallyError,
  declineReasonOf,
  isPassing,
  localMessage,
  outwardMessage,
} from './refusal.js';
import { type LocalRound, makeUpdate } from './make-update.js';
import type { MadeUpdate } from './train-update.js';

/** What a site says to an offer. Both are signed and durable before they are returned. */
export type Answer =
  | {
      readonly kind: 'update';
      readonly run: RunId;
      readonly round: number;
      /** Receipt, wire form. */
      readonly receipt: string;
      readonly update: Hash;
      /** The update file. */
      readonly path: string;
      readonly bytes: number;
    }
  | {
      readonly kind: 'decline';
      readonly run: RunId;
      readonly round: number;
      /** Decline, wire form. */
      readonly wire: string;
      readonly code: ErrorCode;
      /** For people; shows nothing of the site's data. */
      readonly message: string;
    };

/** A task as it was offered, signature checked. */
interface Asked {
  readonly task: Task;
  readonly hash: Hash;
  readonly wire: string;
  readonly offer: Offer;
}

const MAX_IN_FLIGHT = 16;

/** Answers offers: admits the task, trains, signs; the same task always gets the same bytes. */
export class TaskDesk {
  readonly #context: AgentContext;
  readonly #inFlight = new Map<Hash, Promise<Answer>>();

  constructor(context: AgentContext) {
    this.#context = context;
  }

  /** See `SiteAgent.answer`. */
  answer(offer: Offer, signal: AbortSignal): Promise<Answer> {
    const { identity, deps } = this.#context;
    const { wire } = offer.task;
    const { value: task } = openSigned(deps.ed25519, identity, TASK, wire);
    const hash = recordHash(deps.sha256, TASK, task);
    const running = this.#inFlight.get(hash);
    if (running !== undefined) return running;
    if (this.#inFlight.size >= MAX_IN_FLIGHT) {
      throw new TallyError('INTERNAL_OVERFLOW', { what: 'tasks at work', limit: MAX_IN_FLIGHT });
    }
    const answer = this.#answer({ task, hash, wire, offer }, signal).finally(() => {
      this.#inFlight.delete(hash);
    });
    this.#inFlight.set(hash, answer);
    return answer;
  }

  async #answer(asked: Asked, signal: AbortSignal): Promise<Answer> {
    const held = this.#held(asked);
    try {
      this.#refuseWithdrawn();
      if (held?.receipt !== undefined && held.task?.hash === asked.hash) {
        return await this.#resend(asked, held.receipt, signal);
      }
      const earlier = this.#earlierDecline(asked);
      if (earlier !== undefined) return earlier;
      this.#begin(asked);
      await this.#context.admission.run(() => this.#admit(asked, signal));
      const { made, policy } = await this.#work(asked, signal);
      return await this.#sign(asked, made, policy);
    } catch (error) {
      if (signal.aborted) throw error;
      const withdrawal = this.#withdrawal();
      if (withdrawal !== undefined) return this.#decline(asked, withdrawal);
      if (isPassing(error) || isUnsigned(error)) throw error;
      return this.#decline(asked, asTallyError(error));
    }
  }

  /** What this site decides about without looking at the task. */
  #begin(asked: Asked): void {
    const { deps } = this.#context;
    const { task, hash } = asked;
    deps.onTask?.({ ...at(task), kind: 'asked', task: hash, cohort: task.cohort });
    const refusal = deps.intake?.refusal();
    if (refusal !== undefined) throw refusal;
    this.#refuseAfterFault(asked);
  }

  #withdrawal(): TallyError | undefined {
    const { intake } = this.#context.deps;
    return intake?.state === 'withdrawn' ? intake.refusal() : undefined;
  }

  /** After a withdrawal not even what was signed before is sent again. */
  #refuseWithdrawn(): void {
    const withdrawal = this.#withdrawal();
    if (withdrawal !== undefined) throw withdrawal;
  }

  /** A site that stops at a fault stays away from the run until somebody changes its node.yaml. */
  #refuseAfterFault({ task }: Asked): void {
    const { config, log } = this.#context.deps;
    const code = log.firstFault(task.run);
    if (config.policy.onFault !== 'stop' || code === undefined) return;
    throw new TallyError('POLICY_STOPPED', { run: task.run, fault: code });
  }

  #held({ task }: Asked) {
    return this.#context.deps.log.round(task.run, task.round);
  }

  #earlierDecline(asked: Asked): Answer | undefined {
    const line = this.#held(asked)?.decline;
    if (line === undefined || decodeSigned(DECLINE, line.wire).value.task !== asked.hash) {
      return undefined;
    }
    const { run, round, wire, message } = line;
    return { kind: 'decline', run, round, wire, code: line.code, message };
  }

  /** Everything that must hold before the site spends work on a task; then the task is in the log. */
  async #admit(asked: Asked, signal: AbortSignal): Promise<void> {
    const { identity, deps, headers } = this.#context;
    const { task, offer } = asked;
    this.#refuseSecond(asked);
    ownMember(deps.sha256, task, offer.cohort, identity);
    const history = await headers.catchUp(task.run, task.round, offer.headers, signal);
    if (!(await this.#isOpenStill(asked, history, signal))) {
      this.#checkContinues(asked, history ?? firstHistory(task));
    }
    if (this.#held(asked)?.task !== undefined) return;
    const cohort = offer.cohort.map((member) => toHex(MEMBER.encode(member)));
    await deps.log.append({ type: 'task', ...at(task), wire: asked.wire, cohort });
  }

  #refuseSecond(asked: Asked): void {
    const { identity, deps } = this.#context;
    const { run, round } = asked.task;
    const held = this.#held(asked);
    if (held?.task !== undefined && held.task.hash !== asked.hash) {
      const reason = 'a second signed task of one round';
      const records = { task: held.task.wire, otherTask: asked.wire };
      const code = 'ROUND_ALREADY_SIGNED';
      this.#contradict(asked, { code, kind: 'equivocation', reason, records });
    }
    if (held?.task === undefined && round <= deps.log.signedRound(run)) {
      throw new TallyError('ROUND_ALREADY_SIGNED', { node: identity.node, run, round });
    }
  }

  /**
   * True when the round of this very task has closed and its update may still count: asynchronous rounds take one that
   * is not too old for the round that is open now. The header that closed it vouches for what it continues.
   */
  async #isOpenStill(
    asked: Asked,
    history: RunHistory | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { deps, specs } = this.#context;
    const { run, round, spec } = asked.task;
    const closed = deps.log.round(run, round)?.header;
    const head = history?.head?.header.round;
    if (closed === undefined || head === undefined) return false;
    if (decodeSigned(HEADER, closed.wire).value.task !== asked.hash) return false;
    return head - round < maxStalenessOf(await specs.get(spec, signal));
  }

  #checkContinues(asked: Asked, history: RunHistory): void {
    const { log, sha256 } = this.#context.deps;
    const { run, round } = asked.task;
    const head = history.head;
    const closed = log.round(run, round)?.header;
    if (closed !== undefined && decodeSigned(HEADER, closed.wire).value.task === asked.hash) {
      throw new TallyError('ROUND_CLOSED', { run, round });
    }
    const reason = taskFault(sha256, { history, voids: log.voids(run) }, asked.task);
    if (reason === undefined) return;
    const held = closed ?? (head && log.round(run, head.header.round)?.header);
    const records = { ...(held && { header: held.wire }), task: asked.wire };
    this.#contradict(asked, { code: 'ROUND_PREV_UNKNOWN', kind: 'history', reason, records });
  }

  #contradict(asked: Asked, fault: Omit<Contradiction, 'run' | 'round'>): never {
    const { node } = this.#context.identity;
    throw new ContradictionError({ ...fault, ...at(asked.task) }, node);
  }

  async #work(
    asked: Asked,
    signal: AbortSignal,
  ): Promise<{ readonly made: MadeUpdate; readonly policy: Hash }> {
    const { deps, specs } = this.#context;
    const { task, offer } = asked;
    const spec = await specs.get(task.spec, signal);
    deps.onTask?.({ ...at(task), kind: 'read', task: asked.hash, ask: askOf(spec, task.spec) });
    const fault = weightRuleFault(task, offer.cohort, spec);
    if (fault !== undefined) {
      const records = { task: asked.wire };
      const code = 'ROUND_TASK_INVALID';
      this.#contradict(asked, { code, kind: 'task', reason: fault, records });
    }
    const proposal = { spec, specHash: task.spec, cohort: task.cohort };
    const refusal = judgeProposal(deps.config.policy, proposal);
    if (refusal !== undefined) throw refusal;
    await this.#policyFor(task, spec);
    const startMs = deps.clock.nowMs();
    const made = await this.#make({ task, spec }, signal);
    const attributes = { ...at(task), node: this.#context.identity.node };
    const times = { startMs, endMs: deps.clock.nowMs() };
    deps.trace?.step(asked.hash, { name: 'train', ...times, attributes });
    this.#refuseWithdrawn();
    return { made, policy: await this.#policyFor(task, spec) }; // it may have been withdrawn during the work
  }

  /** A withdrawal ends the work at once. */
  async #make(round: LocalRound, signal: AbortSignal): Promise<MadeUpdate> {
    const { stopped } = this.#context.deps.intake ?? {};
    const aborts = linkAborts(...(stopped === undefined ? [signal] : [signal, stopped]));
    try {
      return await makeUpdate(this.#context, round, aborts.signal);
    } finally {
      aborts.release();
    }
  }

  /** Of the owner's consent. Throws POLICY_CONSENT without one that covers the task. */
  async #policyFor(task: Task, spec: RunSpec): Promise<Hash> {
    const { identity, deps } = this.#context;
    const own = await readOwnConsents(deps.folder);
    return consentedPolicy(own, { node: identity.node, task, spec, nowMs: deps.clock.nowMs() });
  }

  /** Files, then log line, all durable; only then does the receipt leave this method. */
  async #sign(asked: Asked, made: MadeUpdate, policy: Hash): Promise<Answer> {
    const { identity, deps } = this.#context;
    const { task, hash } = asked;
    const update = await this.#store(task, made);
    const receipt: Receipt = {
      chain: identity.chain,
      run: task.run,
      round: task.round,
      prev: task.prev,
      task: hash,
      node: identity.node,
      keyEpoch: identity.keyEpoch,
      update,
      updateBytes: BigInt(made.bytes.length),
      numExamples: made.numExamples,
      lossBefore: made.lossBefore,
      lossAfter: made.lossAfter,
      policy,
      salt: receiptSalt(deps.secret, { chain: identity.chain, ...at(task) }),
    };
    const { wire } = signRecord(RECEIPT, receipt, deps.signer);
    const line: LineOf<'receipt'> = {
      type: 'receipt',
      ...at(task),
      wire,
      update,
      updateBytes: made.bytes.length,
    };
    await deps.log.append(line);
    deps.onTask?.({ ...at(task), kind: 'signed', task: hash, sent: sentOf(update, made) });
    return this.#answerOf(line);
  }

  async #store(task: Task, { bytes, state }: MadeUpdate): Promise<Hash> {
    const { states, updates } = this.#context;
    if (state !== undefined) await states.keep(task, state);
    return updates.put(bytes);
  }

  /** The receipt that was signed before; a lost update file is made again, for the same job gives the same bytes. */
  async #resend(asked: Asked, line: LineOf<'receipt'>, signal: AbortSignal): Promise<Answer> {
    const { updates, specs } = this.#context;
    if (!(await updates.has(line.update))) {
      const spec = await specs.get(asked.task.spec, signal);
      const made = await this.#make({ task: asked.task, spec }, signal);
      const update = await this.#store(asked.task, made);
      if (update !== line.update)
        throw new TallyError('STORE_BLOB_MISSING', { sha256: line.update });
    }
    return this.#answerOf(line);
  }

  #answerOf(line: LineOf<'receipt'>): Answer {
    const { run, round, wire, update, updateBytes } = line;
    const path = this.#context.updates.path(update);
    return { kind: 'update', run, round, receipt: wire, update, path, bytes: updateBytes };
  }

  async #decline(asked: Asked, error: TallyError): Promise<Answer> {
    const { identity, deps, specs, faults } = this.#context;
    const { task, hash } = asked;
    const dataset = specs.peek(task.spec)?.data.dataset ?? 'of the run';
    const message = outwardMessage(error, dataset);
    const { code } = error;
    const detail = localMessage(error);
    deps.logger.warn('task.declined', { ...at(task), code, detail });
    deps.onTask?.({ ...at(task), kind: 'declined', task: hash, code, message: detail });
    const record = {
      chain: identity.chain,
      ...at(task),
      task: hash,
      node: identity.node,
      reason: declineReasonOf(code),
    };
    const { wire } = signRecord(DECLINE, record, deps.signer);
    const held = this.#held(asked);
    const isFirst = held?.receipt === undefined && held?.decline === undefined;
    const line: LineOf<'decline'> = { type: 'decline', ...at(task), wire, code, message };
    const lines = isFirst ? [line] : [];
    if (error instanceof ContradictionError) await faults.accuse([error.contradiction], lines);
    else await deps.log.append(...lines);
    return { kind: 'decline', ...at(task), wire, code, message };
  }
}

/** Nothing to decline: the round is over, or asks for a key that this process is about to get. */
function isUnsigned(error: unknown): boolean {
  return isTallyError(error, 'ROUND_CLOSED') || isTallyError(error, 'ROUND_NEW_KEY');
}

function at({ run, round }: Task): { readonly run: RunId; readonly round: number } {
  return { run, round };
}

/** What leaves the site, as its people see it. */
function sentOf(sha256: Hash, made: MadeUpdate): Omit<SiteSent, 'signedAtMs'> {
  const { bytes, norm, numExamples, lossBefore, lossAfter } = made;
  return {
    sha256,
    bytes: bytes.length,
    norm,
    rows: Number(numExamples),
    lossBefore: measured(lossBefore),
    lossAfter: measured(lossAfter),
  };
}

function measured(loss: bigint): number | null {
  return loss === LOSS_NOT_MEASURED ? null : Number(loss);
}

/** A run this site knows nothing of can only begin. */
function firstHistory(task: Task): RunHistory {
  return { genesis: { prev: task.prev, model: task.model } };
}
