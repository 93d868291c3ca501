import { type NodeId, type RunId, TallyError } from '@tallystick/kernel';
import {
  type CommitView,
  type RoundProgress,
  type RoundsQuery,
  type RoundView,
  RunSpec,
  type RunView,
} from '@tallystick/protocol';
import { HEADER, TASK } from '@tallystick/record';
import type { Sees } from '../auth/run-access.js';
import type { OutboxEntity, RoundEntity, RunEntity } from '../persistence/entities/index.js';
import type { FigureRows } from '../persistence/figure-rows.js';
import { metricsOf } from '../persistence/metrics-of.js';
import { recordOf } from '../persistence/record-list.js';
import type {
  BestRound,
  ClosedRoundRow,
  RoundCounts,
  RoundRows,
} from '../persistence/round-rows.js';
import type { RunRows } from '../persistence/run-rows.js';
import type { UserRows } from '../persistence/user-rows.js';
import type { RoundDirectory } from '../rounds/round-directory.js';

/** Where a run waits to be played: 1 is next; undefined when it does not wait. */
interface Queue {
  placeOf(run: RunId): number | undefined;
}

/** What other rows tell of a run. */
interface Told {
  readonly counts: RoundCounts | undefined;
  readonly best: BestRound | undefined;
  readonly losses: readonly number[];
  readonly owner: string | null;
}

/** Runs and rounds as the API shows them. */
export class RunViews {
  readonly #rows: RunRows;
  readonly #rounds: RoundRows;
  readonly #directory: RoundDirectory;
  readonly #queue: Queue;
  readonly #figures: Pick<FigureRows, 'losses'>;
  readonly #users: Pick<UserRows, 'names'>;

  constructor(deps: {
    readonly rows: RunRows;
    readonly rounds: RoundRows;
    readonly directory: RoundDirectory;
    readonly queue: Queue;
    readonly figures: Pick<FigureRows, 'losses'>;
    readonly users: Pick<UserRows, 'names'>;
  }) {
    this.#rows = deps.rows;
    this.#rounds = deps.rounds;
    this.#directory = deps.directory;
    this.#queue = deps.queue;
    this.#figures = deps.figures;
    this.#users = deps.users;
  }

  async run(id: RunId): Promise<RunView> {
    const [view] = await this.#views([await this.#rows.get(id)]);
    if (view === undefined) throw new TallyError('USAGE_UNKNOWN_RUN', { run: id });
    return view;
  }

  async runs(): Promise<readonly RunView[]> {
    return this.#views(await this.#rows.list());
  }

  /** Closed rounds, with the reports of the nodes that `sees` lets through. */
  async rounds(run: RunId, page: RoundsQuery, sees: Sees<NodeId>): Promise<readonly RoundView[]> {
    await this.#rows.get(run);
    return (await this.#rounds.closed(run, page)).map((row) => roundView(row, sees));
  }

  /** Throws USAGE_UNKNOWN_ROUND for a round that is not closed. */
  async round(
    { run, round }: { readonly run: RunId; readonly round: number },
    sees: Sees<NodeId>,
  ): Promise<RoundView> {
    const [view] = await this.rounds(run, { from: round, skip: 0, limit: 1 }, sees);
    if (view?.round !== round) throw new TallyError('USAGE_UNKNOWN_ROUND', { run, round });
    return view;
  }

  /** Four statements for all of them, and one for each run that plays. */
  async #views(rows: readonly RunEntity[]): Promise<readonly RunView[]> {
    const ids = rows.map(({ id }) => id);
    const counts = await this.#rounds.counts(ids);
    const best = await this.#rounds.best(ids);
    const losses = await this.#figures.losses(ids);
    const names = await this.#users.names();
    return Promise.all(
      rows.map((row) =>
        this.#view(row, {
          counts: counts.get(row.id),
          best: best.get(row.id),
          losses: losses.get(row.id) ?? [],
          owner: row.owner === null ? null : (names.get(row.owner) ?? row.owner),
        }),
      ),
    );
  }

  async #view(row: RunEntity, { counts, best, losses, owner }: Told): Promise<RunView> {
    const spec = RunSpec.parse(JSON.parse(row.spec));
    const place = this.#queue.placeOf(row.id);
    return {
      run: row.id,
      name: row.name,
      purpose: spec.purpose,
      status: statusOf(row, place),
      queue: place ?? null,
      reason: row.reason ?? this.#directory.find(row.id)?.status().waitingBecause ?? null,
      spec: row.specHash,
      rounds: spec.rounds,
      closedRounds: counts?.closed ?? 0,
      committedRounds: counts?.committed ?? 0,
      voidRounds: counts?.void ?? 0,
      lastRound: counts?.last ?? null,
      genesisModel: row.genesisModel,
      model: row.model,
      best: spec.asynchronous === undefined ? bestView(best) : null,
      losses: [...losses],
      owner,
      pot: row.pot.toString(),
      createdAtMs: row.createdAt.getTime(),
      endedAtMs: row.endedAt?.getTime() ?? null,
      current: await this.#current(row.id),
    };
  }

  /** The open round: its task from the row, how far it is from the loop that plays it. */
  async #current(run: RunId): Promise<RoundProgress | null> {
    const status = this.#directory.find(run)?.status();
    const open = status === undefined ? null : await this.#rounds.openRound(run);
    if (status === undefined || open === null || open.round !== status.round) return null;
    const { phase } = status;
    if (phase === 'committed' || phase === 'void' || phase === 'cancelled') return null;
    const task = recordOf(TASK, open.task);
    return {
      round: status.round,
      phase,
      included: status.included,
      cohort: task.cohort,
      waitingFor: [...status.waitingFor],
      deadlineMs: Number(task.deadlineMs),
    };
  }
}

function bestView(best: BestRound | undefined): RunView['best'] {
  if (best === undefined) return null;
  const { round, loss, header } = best;
  return { round, model: recordOf(HEADER, header).modelBefore, loss };
}

function statusOf({ status, pausedAt }: RunEntity, place: number | undefined): RunView['status'] {
  if (status !== 'proposed' && status !== 'running') return status;
  if (pausedAt !== null) return 'paused';
  return place === undefined ? 'running' : 'queued';
}

function roundView(
  { round, outbox, evaluations, ...row }: ClosedRoundRow,
  sees: Sees<NodeId>,
): RoundView {
  const header = recordOf(HEADER, row.header);
  return {
    run: round.runId,
    round: round.round,
    status: statusOfRound(round, outbox),
    header: row.headerHash,
    modelBefore: header.modelBefore,
    modelAfter: header.modelAfter,
    cohort: header.cohort,
    included: header.included,
    excluded: header.excluded,
    sumWeight: header.sumWeight.toString(),
    metrics: metricsOf(round.metrics ?? '{}'),
    closedAtMs: Number(header.closedAtMs),
    emptyReason: round.emptyReason,
    commit: commitView(outbox),
    evaluations: evaluations
      .filter(({ nodeId }) => sees(nodeId))
      .map((row) => ({
        node: row.nodeId,
        numExamples: Number(row.numExamples),
        metrics: row.metrics,
      })),
  };
}

function statusOfRound(
  { isVoid }: RoundEntity,
  outbox: OutboxEntity | undefined,
): RoundView['status'] {
  if (isVoid) return 'void';
  return outbox?.status === 'final' ? 'committed' : 'anchoring';
}

function commitView(outbox: OutboxEntity | undefined): CommitView | null {
  if (outbox === undefined) return null;
  const { block, blockHash, extrinsicHash: extrinsic } = outbox;
  if (block === null || blockHash === null || extrinsic === null) return null;
  return { block, blockHash, extrinsic };
}
