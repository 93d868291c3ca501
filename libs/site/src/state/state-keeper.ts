import type { Manifest } from '@tallystick/aggregation';
import { type RunId, type Sha256, TallyError } from '@tallystick/kernel';
import type { RunSpec } from '@tallystick/protocol';
import { decodeSigned, HEADER, type Task, TASK } from '@tallystick/record';
import { standingIn } from '../agent/standing.js';
import { signedContribution } from '../agent/own-contribution.js';
import type { RunSource } from '../agent/run-source.js';
import type { ReceiptLog } from '../log/receipt-log.js';
import { carriesState, decodeSiteState, type SiteState } from './site-state.js';
import type { StateFiles } from './state-files.js';

export interface StateKeeperDeps {
  readonly files: StateFiles;
  readonly log: ReceiptLog;
  readonly source: RunSource;
  readonly sha256: Sha256;
}

/** A task and the run it belongs to. */
export interface StateOf {
  readonly task: Pick<Task, 'run' | 'round'>;
  readonly spec: RunSpec;
  /** Of the model. */
  readonly manifest: Manifest;
}

/**
 * Finds the state that a round starts from: that after the newest earlier round which counted this site's update, so
 * that an update that was lost, late or refused changes nothing; in asynchronous rounds, after that which this site
 * signed last. Which round that is follows from signed records alone,
 * so a lost update file is made again with the same bytes.
 */
export class StateKeeper {
  readonly #deps: StateKeeperDeps;

  constructor(deps: StateKeeperDeps) {
    this.#deps = deps;
  }

  /**
   * The state before `task`: zeros when no earlier round counted an update of this site; undefined when nothing is
   * carried in this run. Every header before the task is in the log. Rejects with STORE_STATE_DAMAGED when the file is
   * missing or not what was written.
   */
  async before(of: StateOf, signal: AbortSignal): Promise<SiteState | undefined> {
    if (!carriesState(of.spec)) return undefined;
    const { files, sha256 } = this.#deps;
    const { run } = of.task;
    const round = await this.#origin(of, signal);
    if (round < 0) return new Float32Array(of.manifest.d);
    const refuse = (reason: string): TallyError =>
      new TallyError('STORE_STATE_DAMAGED', {
        run,
        round,
        path: files.path({ run, round }),
        reason,
      });
    const file = await files.get({ run, round });
    if (file === undefined) throw refuse('the file is missing');
    const read = decodeSiteState(sha256, of.manifest, file);
    if (!read.ok) throw refuse(read.reason);
    return read.state;
  }

  /** Keeps the file of the state after `task`; durable when it resolves. */
  async keep(task: StateOf['task'], file: Uint8Array): Promise<void> {
    await this.#deps.files.put(task, file);
  }

  /** The round whose state is the one before `task`; −1: none. Files that no later round can start from go. */
  async #origin({ task, spec }: StateOf, signal: AbortSignal): Promise<number> {
    const { files, log } = this.#deps;
    const { run, round: current } = task;
    const earlier = (await files.rounds(run)).filter((round) => round < current);
    if (spec.asynchronous !== undefined) {
      // A header says nothing about the receipts of its own number, so what was signed counts.
      const [newest = -1, ...older] = earlier;
      for (const round of older) await files.remove({ run, round });
      return newest;
    }
    const known = log.includedBefore(run, current);
    for (const round of earlier) {
      if (round < known) {
        await files.remove({ run, round });
      } else if (round > known) {
        if (await this.#counted({ run, round, spec }, signal)) return round;
        await files.remove({ run, round });
      }
    }
    return known;
  }

  /**
   * Did this round count this site's update? Usually the result said so; after a restart of the coordinator only the
   * round's leaves do.
   */
  async #counted(
    { run, round, spec }: { readonly run: RunId; readonly round: number; readonly spec: RunSpec },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { log, source, sha256 } = this.#deps;
    const memory = log.round(run, round);
    if (memory?.receipt === undefined) return false;
    const header = memory.header && decodeSigned(HEADER, memory.header.wire).value;
    const task = memory.task && decodeSigned(TASK, memory.task.wire).value;
    const own = signedContribution(sha256, memory, { task, numeric: spec.numeric });
    if (header === undefined || header.included === 0 || own === undefined) return false;
    const { receipt, receiptHash } = own;
    const contents = await source.contents(run, round, signal);
    const found = standingIn(sha256, header, { node: receipt.node, receiptHash }, contents);
    if (found.kind === 'unknown') {
      const reason = `the leaves of round ${round} are not those of its header`;
      throw new TallyError('PROTO_MALFORMED', { reason });
    }
    if (found.kind === 'absent') return false;
    const { index, weight, proof } = found.inclusion;
    await log.append({ type: 'inclusion', run, round, index, weight, proof: [...proof] });
    return true;
  }
}
