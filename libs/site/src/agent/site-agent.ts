import { join } from 'node:path';
import { type Hash, type RunId, SerialQueue, TallyError } from '@tallystick/kernel';
import { decodeModel } from '@tallystick/aggregation';
import { type Header, RoundMode } from '@tallystick/record';
import { maxStalenessOf, type Offer, type RoundResult } from '@tallystick/rounds';
import { datasetPath } from '../config/config-file.js';
import { StateFiles } from '../state/state-files.js';
import { StateKeeper } from '../state/state-keeper.js';
import { UpdateFiles } from '../update-files.js';
import {
  type AgentContext,
  type SiteAgentDeps,
  type SiteIdentity,
  SpecCache,
} from './agent-context.js';
import { AnchorWatch } from './anchor-watch.js';
import { FaultDesk } from './fault-desk.js';
import { HeaderKeeper } from './header-keeper.js';
import { VoidDesk } from './void-desk.js';
import { MAX_STALENESS } from './own-contribution.js';
import { PromiseWatch } from './promise-watch.js';
import { type Conclusion, ResultDesk } from './result-desk.js';
import { fetchModel } from './run-source.js';
import { type Answer, TaskDesk } from './task-desk.js';
import { nanoUnits } from './train-update.js';

/** A model on the site's own test rows; nano-units. */
export interface SiteEvaluation {
  readonly numExamples: number;
  readonly metrics: Readonly<Record<string, bigint>>;
}

const MAX_ADMISSIONS = 256;
const DAY_MS = 86_400_000;
/** A run may rest, and a round alone may last seven days; without its state a site cannot go on with it. */
const MIN_STATE_DAYS = 30;

/**
 * What a node does, without its socket: a coordinator's link drives it, and so does `simulate` in one process.
 * It believes nobody: tasks, promises and headers must be signed by the pinned key and continue what the log holds;
 * specs and models must hash to their names. It trains only what the site's policy allows.
 */
export class SiteAgent {
  readonly #context: AgentContext;
  readonly #tasks: TaskDesk;
  readonly #results: ResultDesk;
  readonly #files: StateFiles;
  readonly #anchors: AnchorWatch;
  readonly #promises: PromiseWatch;

  /** Throws RangeError unless the log's newest identity is `identity` and its key the signer's. */
  constructor(identity: SiteIdentity, deps: SiteAgentDeps) {
    const held = deps.log.identity;
    const isOurs =
      held !== undefined &&
      held.chain === identity.chain &&
      held.node === identity.node &&
      held.keyEpoch === identity.keyEpoch &&
      held.coordinatorKey === identity.coordinatorKey &&
      held.key === deps.signer.key;
    if (!isOurs) throw new RangeError('the receipt log is of another identity');
    const { log, source, sha256, ed25519, durable = true } = deps;
    this.#files = new StateFiles(join(deps.folder, 'states'), { durable });
    const { chain, logger } = deps;
    const desk = { log, source, sha256, ed25519, logger };
    const voids = new VoidDesk(identity, chain === undefined ? desk : { ...desk, chain });
    this.#context = {
      identity,
      deps,
      states: new StateKeeper({ files: this.#files, log, source, sha256 }),
      headers: new HeaderKeeper(identity, { log, source, sha256, ed25519, voids }),
      updates: new UpdateFiles(join(deps.folder, 'updates'), { durable, sha256 }),
      specs: new SpecCache(source, sha256),
      faults: new FaultDesk(identity, deps),
      admission: new SerialQueue('admissions', MAX_ADMISSIONS),
    };
    this.#tasks = new TaskDesk(this.#context);
    this.#results = new ResultDesk(this.#context);
    this.#anchors = new AnchorWatch(this.#context);
    this.#promises = new PromiseWatch(this.#context);
  }

  /**
   * Trains and signs, or declines and signs; durable before it resolves. The same task gets the same bytes again.
   * Rejects, without signing anything, when the task is not the pinned coordinator's (AUTH_RECORD_SIGNATURE,
   * PROTO_MALFORMED), its round is over (ROUND_CLOSED), trying again may help (`disposition` retry), or `signal` is
   * aborted.
   */
  async answer(offer: Offer, signal: AbortSignal): Promise<Answer> {
    return this.#tasks.answer(offer, signal);
  }

  /** The newest round of `header`'s run whose updates cannot count any more: its own, or an older one (ADR 0014). */
  lastOver({ run, round, mode }: Header): number {
    if (mode !== RoundMode.asynchronous) return round;
    const { deps, specs } = this.#context;
    const id = deps.log.spec(run);
    const spec = id === undefined ? undefined : specs.peek(id);
    return round - (spec === undefined ? MAX_STALENESS : maxStalenessOf(spec));
  }

  /** Keeps a promise. Rejects with PROTO_UNEXPECTED when it is not for this site's receipt. */
  async promised(run: RunId, round: number, wire: string): Promise<void> {
    this.#promises.watch(run, await this.#results.promised(run, round, wire));
    this.#context.deps.onTask?.({ run, round, kind: 'promised' });
  }

  /** The coordinator said no to an update of this site. */
  refused(run: RunId, round: number, error: TallyError): void {
    const { code, message } = error;
    this.#context.deps.onTask?.({ run, round, kind: 'refused', code, message });
  }

  /** Checks a closed round and keeps its header; what contradicts the log is kept as evidence and named. */
  async concluded(result: RoundResult, signal: AbortSignal): Promise<Conclusion> {
    const conclusion = await this.#results.concluded(result, signal);
    this.#anchors.look(result.header.header.run);
    this.#tellClosed(result.header.header);
    await this.#prune();
    return conclusion;
  }

  /** A header says nothing about the updates of its own number in asynchronous rounds. */
  #tellClosed({ run, round, mode }: Header): void {
    const { log, onTask } = this.#context.deps;
    if (mode === RoundMode.asynchronous) return;
    const isCounted = log.round(run, round)?.inclusion !== undefined;
    onTask?.({ run, round, kind: 'closed', isCounted });
  }

  /** The receipt of a round was sent in full, and no verdict came in time: it counts if the round closes without it. */
  unanswered(run: RunId, round: number): void {
    this.#results.unanswered(run, round);
  }

  /** Resolves when nothing is compared with the chain any more. */
  idle(): Promise<void> {
    return this.#anchors.idle();
  }

  /** Measures a model of a run that this site was asked to train. Rejects with POLICY_* when it would not train it. */
  async evaluate(run: RunId, model: Hash, signal: AbortSignal): Promise<SiteEvaluation> {
    const { deps, specs } = this.#context;
    const refusal = deps.intake?.refusal();
    if (refusal !== undefined) throw refusal;
    const id = deps.log.spec(run);
    if (id === undefined) throw new TallyError('USAGE_UNKNOWN_RUN', { run });
    const spec = await specs.get(id, signal);
    const { purposes } = deps.config.policy;
    if (!purposes.includes(spec.purpose)) {
      throw new TallyError('POLICY_PURPOSE', {
        purpose: spec.purpose,
        allowed: purposes.join(', '),
      });
    }
    const path = datasetPath(deps.config, deps.folder, spec.data.dataset);
    const bytes = await fetchModel(deps.source, deps.sha256, { id: model, signal });
    const { manifest, weights } = decodeModel(deps.sha256, bytes);
    const { numExamples, loss, accuracy } = await deps.trainer.evaluate({
      manifest,
      weights,
      data: spec.data,
      model: spec.model,
      datasetPath: path,
      set: 'test',
      signal,
    });
    return {
      numExamples,
      metrics: {
        loss: nanoUnits(loss),
        ...(accuracy === undefined ? {} : { accuracy: nanoUnits(accuracy) }),
      },
    };
  }

  /** Ends training and releases the log. */
  async close(): Promise<void> {
    await this.#promises.close();
    await this.#anchors.idle();
    await this.#context.deps.trainer.close();
    await this.#context.deps.log.close();
  }

  async #prune(): Promise<void> {
    const { deps, updates } = this.#context;
    const nowMs = deps.clock.nowMs();
    const { retentionDays } = deps.config;
    await updates.prune(nowMs - retentionDays * DAY_MS);
    await this.#files.prune(nowMs - Math.max(retentionDays, MIN_STATE_DAYS) * DAY_MS);
  }
}
