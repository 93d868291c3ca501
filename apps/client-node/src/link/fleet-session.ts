import {
  type Clock,
  isTallyError,
  type Logger,
  type RunId,
  type Sha256,
  TallyError,
} from '@tallystick/kernel';
import { type CoordinatorHead, decodeCohort, type NodeHead } from '@tallystick/protocol';
import { decodeSigned, HEADER, recordHash, TASK } from '@tallystick/record';
import type { Offer, RoundResult } from '@tallystick/rounds';
import type { Answer, Conclusion, SiteAgent, SiteEvaluation, SiteProgress } from '@tallystick/site';
import { type DeliveryLine, deliverUpdate, type Update, type Verdict } from './delivery.js';
import { abortReason, type CoordinatorFrame, type FrameChannel } from './frame-channel.js';
import type { Courier, EvaluationJob, JobDesk } from './job-desk.js';
import { remoteError } from './remote-error.js';

type Reply = HeadOf<'upload.credit'> | HeadOf<'verdict'>;

interface Waiting {
  readonly run: RunId;
  readonly round: number;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: TallyError) => void;
}

export interface FleetSessionDeps {
  readonly agent: Pick<SiteAgent, 'promised' | 'refused' | 'concluded' | 'lastOver' | 'unanswered'>;
  readonly desk: JobDesk;
  readonly sha256: Sha256;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One welcomed connection: hands frames to desk and agent in order of arrival, and carries answers back. */
export class FleetSession implements Courier {
  readonly #channel: FrameChannel;
  readonly #deps: FleetSessionDeps;
  readonly #line: DeliveryLine;
  #waiting: Waiting | undefined;

  constructor(channel: FrameChannel, deps: FleetSessionDeps) {
    this.#channel = channel;
    this.#deps = deps;
    this.#line = {
      send: (head, payload) => channel.send(head, payload),
      reply: (at, wait) => this.#reply(at, wait),
      unanswered: ({ run, round }) => deps.agent.unanswered(run, round),
    };
    channel.onEnd((error) => this.#waiting?.reject(error));
  }

  /** Handles frames until the connection ends, then rejects with the reason. */
  async run(signal: AbortSignal): Promise<never> {
    for (;;) {
      const frame = await this.#channel.next();
      try {
        await this.#handle(frame, signal);
      } catch (error) {
        const fault = asFault(error);
        this.#channel.close(fault.spec.close ?? 4400, fault);
        throw fault;
      }
    }
  }

  /** Sends an answer and waits for its verdict. */
  async deliver(answer: Answer, signal: AbortSignal): Promise<void> {
    const { logger, agent } = this.#deps;
    const { run, round } = answer;
    if (answer.kind === 'decline') {
      const { wire: record, code, message } = answer;
      await this.#channel.send({ kind: 'decline', record, code, message });
      return;
    }
    const verdict = await this.#upload(answer, signal);
    if (verdict.outcome === 'accepted') {
      logger.info('update.accepted', { run, round, bytes: answer.bytes });
      return;
    }
    const { outcome, code, message } = verdict;
    const error = remoteError(verdict);
    agent.refused(run, round, error);
    logger.warn('update.refused', { run, round, outcome, code: error.code });
    logger.debug('update.refused_why', { run, round, code, message });
  }

  /** A coordinator that breaks the protocol here is not waited for: the session ends. */
  async #upload(update: Update, signal: AbortSignal): Promise<Verdict> {
    try {
      return await deliverUpdate(this.#line, update, signal);
    } catch (error) {
      if (isTallyError(error, 'PROTO_UNEXPECTED')) this.#channel.close(4400, error);
      throw error;
    }
  }

  async report({ run, round, model }: EvaluationJob, evaluation: SiteEvaluation): Promise<void> {
    const { numExamples } = evaluation;
    const metrics = Object.fromEntries(
      Object.entries(evaluation.metrics).map(([name, nano]) => [name, Number(nano)]),
    );
    await this.#channel.send({ kind: 'evaluation', run, round, model, numExamples, metrics });
  }

  /** Shows how far the work is; best effort. */
  progress({ run, round, stage }: SiteProgress): void {
    const head: NodeHead = { kind: 'progress', run, round, stage, fraction: 0 };
    this.#channel.send(head).catch(() => undefined); // the end of the channel tells itself
  }

  async #handle({ head, payload }: CoordinatorFrame, signal: AbortSignal): Promise<void> {
    switch (head.kind) {
      case 'offer':
        this.#deps.desk.offer(offerOf(this.#deps.sha256, head, payload));
        return;
      case 'result':
        return this.#result(head, signal);
      case 'upload.credit':
        this.#take(head);
        return;
      case 'verdict':
        return this.#verdict(head);
      case 'drain':
        throw new TallyError('NET_DRAINING');
      case 'error':
        return this.#error(head);
      case 'challenge':
      case 'welcome':
        throw new TallyError('PROTO_UNEXPECTED', {
          kind: head.kind,
          reason: 'the session is open',
        });
    }
  }

  /** A promise is in the log before the next frame is looked at: the round may close in that very frame. */
  async #verdict(head: Verdict): Promise<void> {
    if (head.outcome === 'accepted') {
      await this.#deps.agent.promised(head.run, head.round, head.promise);
    }
    this.#take(head);
  }

  async #result(head: HeadOf<'result'>, signal: AbortSignal): Promise<void> {
    const { agent, desk, logger } = this.#deps;
    const { run, round } = head;
    const result = resultOf(head);
    desk.closed(run, agent.lastOver(result.header.header));
    const conclusion = await this.#concluded(result, signal);
    if (conclusion === undefined) return;
    if ('model' in conclusion) {
      logger.info('round.concluded', { run, round, model: conclusion.model });
      desk.evaluate({ run, round, model: conclusion.model });
    } else {
      logger.error('round.contradicted', { run, round, ...conclusion });
    }
  }

  /** Undefined when something it needs is not to be had now: the coordinator sends the result again. */
  async #concluded(result: RoundResult, signal: AbortSignal): Promise<Conclusion | undefined> {
    try {
      return await this.#deps.agent.concluded(result, signal);
    } catch (error) {
      if (!isTallyError(error) || error.disposition !== 'retry') throw error;
      const { run, round } = result.header.header;
      this.#deps.logger.warn('result.deferred', { run, round, reason: error.message });
      return undefined;
    }
  }

  #take(reply: Reply): void {
    const waiting = this.#waiting;
    if (waiting?.run !== reply.run || waiting.round !== reply.round) {
      const { kind, run, round } = reply;
      this.#deps.logger.debug('link.stray', { kind, run, round }); // for an upload given up meanwhile
      return;
    }
    waiting.resolve(reply);
  }

  /** A fault that ends the session closes it as well; any other answers what waits, which then tries again. */
  #error(head: HeadOf<'error'>): void {
    const error = remoteError(head);
    if (error.spec.close !== undefined) throw error;
    this.#deps.logger.warn('link.error', { code: error.code, reason: error.message });
    this.#waiting?.reject(error);
  }

  #reply(
    { run, round }: { run: RunId; round: number },
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<Reply> {
    return new Promise<Reply>((resolve, reject) => {
      const late = (): void => {
        const error = new TallyError('NET_TIMEOUT', { what: this.#channel.url, timeoutMs });
        this.#channel.terminate(error); // which rejects what waits
      };
      const stop = (): void => settle(() => reject(abortReason(signal)));
      const timer = this.#deps.clock.after(timeoutMs, late);
      const settle = (settled: () => void): void => {
        timer.cancel();
        signal.removeEventListener('abort', stop);
        this.#waiting = undefined;
        settled();
      };
      signal.addEventListener('abort', stop, { once: true });
      this.#waiting = {
        run,
        round,
        resolve: (reply) => settle(() => resolve(reply)),
        reject: (error) => settle(() => reject(error)),
      };
    });
  }
}

type HeadOf<K extends CoordinatorHead['kind']> = Extract<CoordinatorHead, { kind: K }>;

function offerOf(sha256: Sha256, head: HeadOf<'offer'>, payload: Uint8Array): Offer {
  return orMalformed(() => {
    const { value: task } = decodeSigned(TASK, head.task);
    return {
      task: { task, wire: head.task },
      taskHash: recordHash(sha256, TASK, task),
      cohort: decodeCohort(payload),
      headers: head.headers,
    };
  });
}

function resultOf(head: HeadOf<'result'>): RoundResult {
  return orMalformed(() => {
    const header = { header: decodeSigned(HEADER, head.header).value, wire: head.header };
    const { inclusion } = head;
    if (inclusion === undefined) return { header };
    const shown = head.task && { task: decodeSigned(TASK, head.task).value, wire: head.task };
    const { index, weight, proof } = inclusion;
    const steps = proof.map(({ hash, sum }) => ({ hash, sum: BigInt(sum) }));
    const ours = { index, weight: BigInt(weight), proof: steps };
    return { header, inclusion: ours, ...(shown && { task: shown }) };
  });
}

/** Bytes from the network that are no record are the peer's fault, not ours. */
function orMalformed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('PROTO_MALFORMED', { reason }, error);
  }
}

function asFault(error: unknown): TallyError {
  if (error instanceof TallyError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new TallyError('INTERNAL', { reason }, error);
}
