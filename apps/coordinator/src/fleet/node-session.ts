import { isTallyError, type Logger, type NodeId, type RunId, TallyError } from '@tallystick/kernel';
import {
  type CoordinatorHead,
  decodeNodeFrame,
  encodeFrame,
  LIMITS,
  type NodeHead,
} from '@tallystick/protocol';
import { DECLINE, decodeSigned, RECEIPT, type Receipt } from '@tallystick/record';
import type { RoundTrace, RunLoop, Verdict } from '@tallystick/rounds';
import type { EvaluationReport } from '../rounds/evaluations.js';
import type { FleetMetrics } from './fleet-metrics.js';
import type { NodeWork } from './heartbeat.js';
import { UploadDesk, type UploadDeskDeps } from './upload-desk.js';
import type { Landing } from './spooler.js';
import type { Wire } from './wire.js';

/** Frames read but not handled yet. Reading stops at the first, so only what one read brought can wait. */
const MAX_WAITING_FRAMES = 256;

/** Runs whose open round is kept in mind; a node that is offered more is pinged as often anyway. */
const MAX_OFFERED = 64;

/** Something to be done in turn; a promise when the next has to wait for it. */
type Step = () => Promise<void> | undefined;

/** How far a node is with its task; shown, never stored. */
export type Progress = Extract<NodeHead, { kind: 'progress' }>;

export interface NodeSessionDeps extends UploadDeskDeps {
  readonly runs: { find(run: RunId): RunLoop | undefined };
  readonly evaluations: { report(node: NodeId, report: EvaluationReport): Promise<void> };
  readonly strikes: {
    add(
      node: NodeId,
      at: { readonly run: RunId; readonly round: number; readonly code: string },
    ): Promise<void>;
  };
  readonly metrics: Pick<FleetMetrics, 'verdict' | 'received'>;
  readonly logger: Logger;
  readonly trace?: RoundTrace | undefined;
}

/** A node whose key was proved: reads its frames one at a time and answers them. */
export class NodeSession {
  readonly node: NodeId;
  progress: Progress | undefined;
  /** Run → the round that was offered last and is not over. */
  readonly #offered = new Map<number, number>();
  /** When its last message came. */
  seenAtMs: number;
  readonly #wire: Wire;
  readonly #deps: NodeSessionDeps;
  readonly #desk: UploadDesk;
  readonly #ended = new AbortController();
  readonly #steps: Step[] = [];
  /** Frames among the steps. */
  #waiting = 0;
  #isBusy = false;
  #isPaused = false;
  readonly #idle: (() => void)[] = [];

  constructor(node: NodeId, wire: Wire, deps: NodeSessionDeps) {
    this.node = node;
    this.#wire = wire;
    this.#deps = deps;
    this.seenAtMs = deps.clock.nowMs();
    this.#desk = new UploadDesk((error) => this.fail(error), deps);
  }

  /** Where the next large message may land: a chunk of the open upload that is handled as soon as it is whole. */
  land(): Landing | Promise<void> | undefined {
    return this.#isBusy ? undefined : this.#desk.land();
  }

  /**
   * Takes a message from the socket; one in shared memory is the caller's again when this returns. Messages are handled in order;
   * reading pauses while one waits for another.
   */
  receive(message: Uint8Array): void {
    if (this.#ended.signal.aborted) return;
    if (this.#waiting >= MAX_WAITING_FRAMES) {
      this.fail(new TallyError('NET_BUSY', { what: 'frames', limit: MAX_WAITING_FRAMES }));
      return;
    }
    this.seenAtMs = this.#deps.clock.nowMs();
    this.#waiting++;
    const isLent = message.buffer instanceof SharedArrayBuffer;
    const bytes = this.#isBusy && isLent ? new Uint8Array(message) : message;
    this.#take(() => {
      this.#waiting--;
      return this.#handle(bytes);
    });
    if (this.#waiting === 0 || this.#isPaused) return;
    this.#isPaused = true;
    this.#wire.pause();
  }

  send(head: CoordinatorHead, payload?: Uint8Array): void {
    this.#wire.send(encodeFrame(head, payload));
  }

  /** What the node is at. A round that it has answered counts until it is over: then comes the next. */
  get work(): NodeWork | undefined {
    if (this.#desk.isOpen) return 'upload';
    return this.#offered.size > 0 ? 'offer' : undefined;
  }

  /** Offers the task of a round; `frame` is shared with other sessions. */
  offer({ run, round }: { readonly run: number; readonly round: number }, frame: Uint8Array): void {
    if (this.#offered.size < MAX_OFFERED) this.#offered.set(run, round);
    this.#wire.send(frame);
  }

  /** Tells the node why, then closes the socket with the code's close code. */
  fail(error: TallyError): void {
    this.send(errorHead(error));
    this.#wire.close(error.spec.close ?? 1011, error.code);
    void this.end(); // never rejects
  }

  /** The socket is gone. What is spooled stays; resolves when nothing of this session runs any more. */
  end(): Promise<void> {
    this.#ended.abort(new TallyError('NET_CLOSED', { what: `node ${this.node}`, reason: 'ended' }));
    this.#take(() => this.#desk.leave());
    return this.#isBusy ? new Promise((resolve) => this.#idle.push(resolve)) : Promise.resolve();
  }

  /** The round is over: nothing of it needs to arrive any more. */
  forget(run: number, round: number): void {
    if (this.#offered.get(run) === round) this.#offered.delete(run);
    this.#take(() => this.#desk.forget(run, round));
  }

  /** At once when nothing is under way: most frames need no promise, and no pause of the socket. */
  #take(step: Step): void {
    this.#steps.push(step);
    this.#work();
  }

  #work(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let step = this.#steps.shift(); step !== undefined; step = this.#steps.shift()) {
      const done = step();
      if (done !== undefined) return void done.then(this.#goOn, this.#goOn); // steps report their failures
    }
    this.#isBusy = false;
    if (this.#isPaused) this.#wire.resume();
    this.#isPaused = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  readonly #goOn = (): void => {
    this.#isBusy = false;
    this.#work();
  };

  #handle(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#ended.signal.aborted) return undefined;
    const decoded = decodeNodeFrame(bytes, LIMITS.chunkBytes);
    if (!decoded.ok) {
      this.fail(decoded.error);
      return undefined;
    }
    const { head, payload } = decoded.frame;
    const failed = (error: unknown): void => {
      if (!this.#ended.signal.aborted) this.#report(head, error);
    };
    try {
      return this.#dispatch(head, payload)?.catch(failed);
    } catch (error) {
      failed(error);
      return undefined;
    }
  }

  #dispatch(head: NodeHead, payload: Uint8Array): Promise<void> | undefined {
    switch (head.kind) {
      case 'upload.begin':
        return this.#begin(head);
      case 'upload.chunk':
        this.#deps.metrics.received(payload.length);
        return this.#desk.append(head, payload);
      case 'submit':
        return this.#submit(head);
      case 'decline':
        return this.#decline(head);
      case 'evaluation':
        return this.#deps.evaluations.report(this.node, head);
      case 'progress':
        this.progress = head;
        return undefined;
      case 'error':
        this.#deps.logger.debug('fleet.node_error', { node: this.node, code: head.code });
        return undefined;
      case 'hello':
        throw new TallyError('PROTO_UNEXPECTED', { kind: 'hello', reason: 'the session is open' });
    }
  }

  async #begin(head: Extract<NodeHead, { kind: 'upload.begin' }>): Promise<void> {
    const { run, round, update, bytes } = head;
    const isExpected = this.#deps.runs.find(run)?.expects(this.node, round) === true;
    if (!isExpected && !(await this.#deps.blobs.has(update))) {
      const { code, message } = new TallyError('ROUND_CLOSED', { run, round });
      return this.send({ kind: 'verdict', run, round, outcome: 'ignored', code, message });
    }
    const target = { run, round, update, bytes, node: this.node };
    const offset = await this.#desk
      .begin(target, this.#ended.signal)
      .catch(async (error: unknown) => {
        if (isTallyError(error, 'UPDATE_QUOTA')) {
          await this.#deps.strikes.add(this.node, { run, round, code: error.code });
        }
        throw error;
      });
    this.send({ kind: 'upload.credit', run, round, offset });
  }

  async #submit(head: Extract<NodeHead, { kind: 'submit' }>): Promise<void> {
    const { value: receipt, signature } = decodeSigned(RECEIPT, head.receipt);
    const { run, round } = head;
    const loop = this.#deps.runs.find(run);
    let verdict: Verdict;
    if (receipt.node !== this.node || receipt.run !== run || receipt.round !== round) {
      verdict = rejected(new TallyError('ROUND_WRONG_TASK', { run, round }));
    } else if (loop === undefined || this.#desk.isForgotten(head)) {
      verdict = { ...rejected(new TallyError('ROUND_CLOSED', { run, round })), outcome: 'ignored' };
    } else {
      const updateBytes = await this.#delivered(head, receipt);
      verdict =
        typeof updateBytes === 'bigint'
          ? await loop.submit(this.node, { receipt, signature, updateBytes })
          : updateBytes;
    }
    this.#deps.metrics.verdict(verdict.outcome);
    if (verdict.outcome === 'rejected') {
      this.#deps.logger.warn('fleet.rejected', { node: this.node, run, round, code: verdict.code });
      await this.#deps.strikes.add(this.node, { run, round, code: verdict.code });
    }
    this.send({ kind: 'verdict', run, round, ...verdict });
  }

  /** Size of the stored update, or the verdict on bytes that are not what the receipt says. */
  async #delivered(
    at: { readonly run: RunId; readonly round: number },
    { update, task }: Receipt,
  ): Promise<bigint | Verdict> {
    const { trace, clock } = this.#deps;
    const isUpload = this.#desk.isOpen; // not when the file was here already
    try {
      const bytes = await this.#desk.deliver(at, update);
      const attributes = { ...at, node: this.node, bytes: Number(bytes) };
      const times = { startMs: this.#desk.begunAtMs, endMs: clock.nowMs() };
      if (isUpload) trace?.step(task, { name: 'upload', ...times, attributes });
      return bytes;
    } catch (error) {
      if (isTallyError(error, 'UPDATE_HASH_MISMATCH')) return rejected(error);
      throw error;
    }
  }

  async #decline(head: Extract<NodeHead, { kind: 'decline' }>): Promise<void> {
    const decline = decodeSigned(DECLINE, head.record);
    const { code, message } = head;
    if (decline.value.node !== this.node) {
      throw new TallyError('ROUND_BAD_SIGNATURE', { record: 'decline', node: this.node });
    }
    const loop = this.#deps.runs.find(decline.value.run);
    await loop?.decline(this.node, decline, { code, message });
  }

  /** A violation ends the session; a fault of our own is told and the node may try again. */
  #report(head: NodeHead, error: unknown): void {
    const known = isTallyError(error)
      ? error
      : new TallyError('INTERNAL', { reason: `${head.kind} failed` }, error);
    const reason = error instanceof Error ? error.message : String(error);
    const fields = { node: this.node, kind: head.kind, code: known.code };
    if (known.spec.close !== undefined && known.disposition === 'refuse') {
      this.#deps.logger.warn('fleet.violation', fields);
      this.fail(known);
      return;
    }
    this.#deps.logger.warn('fleet.frame_failed', { ...fields, reason });
    this.send(errorHead(known));
  }
}

function rejected(error: TallyError): Exclude<Verdict, { outcome: 'accepted' }> {
  return { outcome: 'rejected', code: error.code, message: error.message };
}

/** The error frame of `error`, cut to the limits of a frame. */
export function errorHead(error: TallyError): Extract<CoordinatorHead, { kind: 'error' }> {
  const cut = (text: string): string => text.slice(0, LIMITS.maxMessageChars);
  return { kind: 'error', code: error.code, message: cut(error.message), hint: cut(error.hint) };
}
