import { asPublicKey, type RunId, TallyError } from '@tallystick/kernel';
import { EXCLUDE, type Header, HEADER, MEMBER, PROMISE, RECEIPT, TASK } from '@tallystick/record';
import type {
  CloseRound,
  ContributionRow,
  DeclineRow,
  OpenRound,
  PastRound,
  ResumableRound,
  RoundJournal,
  RunState,
} from '@tallystick/rounds';
import { type EntityManager, IsNull, MoreThanOrEqual, Not } from 'typeorm';
import type { CrashPoints } from '../crash-points.js';
import {
  ContributionEntity,
  DeclineEntity,
  OutboxEntity,
  RoundEntity,
  RunEntity,
} from './entities/index.js';
import type { Fence } from './fence.js';
import { metricsOf } from './metrics-of.js';
import { recordHex, recordListHex, recordListOf, recordOf } from './record-list.js';
import {
  isUniqueViolation,
  type NewEvent,
  type Transaction,
  type UnitOfWork,
} from './unit-of-work.js';

interface JournalDeps {
  readonly crash: CrashPoints;
  /** Called after a commit that wrote an outbox row. */
  readonly closed: () => void;
}

/** RoundJournal on PostgreSQL: each method is one transaction that also writes the event rows it is told by. */
export class PgRoundJournal implements RoundJournal {
  readonly #work: UnitOfWork;
  readonly #deps: JournalDeps;
  readonly #fence: Fence | undefined;

  constructor(work: UnitOfWork, deps: JournalDeps, fence?: Fence) {
    this.#work = work;
    this.#deps = deps;
    this.#fence = fence;
  }

  /** This journal for one lease: every write rejects with ROUND_FENCED, and leaves nothing, once the lease has another epoch. */
  under(fence: Fence): RoundJournal {
    return new PgRoundJournal(this.#work, this.#deps, fence);
  }

  /**
   * A process that died may have left its last write in PostgreSQL, still under way. It holds the lock of the open
   * round, so this waits for it: a row that landed later would be durable and in no fold.
   */
  async load(run: RunId, depth: number = 0): Promise<RunState> {
    return this.#work.run(async ({ manager }): Promise<RunState> => {
      const open = await manager.findOne(RoundEntity, {
        where: { runId: run, header: IsNull() },
        lock: { mode: 'pessimistic_write' },
      });
      const closed = await manager.find(RoundEntity, {
        select: { runId: true, round: true, header: true, metrics: true },
        where: { runId: run, header: Not(IsNull()) },
        order: { round: 'ASC' },
      });
      const headers = closed.map(({ header }): Header => recordOf(HEADER, header ?? ''));
      const metrics = closed.map((row) => row.metrics ?? '{}');
      const round = headers.at(-1)?.round;
      const isEmpty = headers.at(-1)?.included === 0;
      const newest =
        round === undefined || isEmpty
          ? []
          : await manager.findBy(ContributionEntity, { runId: run, round });
      const last = newest.map(contributionRow);
      const recent = depth === 0 ? [] : await pastRounds(manager, run, depth);
      if (open === null) return { headers, metrics, last, recent };
      const at = { where: { runId: run, round: open.round } };
      return {
        headers,
        metrics,
        last,
        recent,
        open: resumable(
          open,
          await manager.find(ContributionEntity, at),
          await manager.find(DeclineEntity, at),
        ),
      };
    });
  }

  async open({ run, round, task, cohort }: OpenRound): Promise<void> {
    await this.#work.run(async (tx) => {
      await tx.manager.insert(RoundEntity, {
        runId: run,
        round,
        task: recordHex(TASK, task),
        cohort: recordListHex(
          MEMBER,
          cohort.map(({ member }) => member),
        ),
        cohortKeys: cohort.map(({ key }) => key).join(''),
        openedAt: tx.now(),
      });
      await tx.tell(run, {
        type: 'round.opened',
        round,
        detail: { cohort: cohort.length, model: task.model, deadlineMs: Number(task.deadlineMs) },
      });
    }, this.#fence);
  }

  async append(run: RunId, round: number, rows: readonly ContributionRow[]): Promise<void> {
    await this.#whileOpen(run, round, async (tx) => {
      await insertOnce(run, round, rows.map(({ node }) => node).join(', '), () =>
        tx.manager.insert(
          ContributionEntity,
          rows.map((row) => ({
            runId: run,
            round,
            nodeId: row.node,
            receipt: recordHex(RECEIPT, row.receipt),
            receiptSignature: row.receiptSignature,
            weight: row.weight,
            promise: recordHex(PROMISE, row.promise),
            acceptedAt: tx.now(),
          })),
        ),
      );
      await tx.tell(run, ...rows.map((row) => acceptedEvent(round, row)));
    });
    this.#deps.crash.hit('row-no-promise', round);
  }

  async decline(run: RunId, round: number, row: DeclineRow): Promise<void> {
    const { node, reason, wire, told } = row;
    await this.#whileOpen(run, round, async (tx) => {
      await insertOnce(run, round, node, () =>
        tx.manager.insert(DeclineEntity, { runId: run, round, nodeId: node, reason, wire }),
      );
      await tx.tell(run, { type: 'node.declined', round, node, detail: { reason, ...told } });
    });
  }

  async close(closed: CloseRound): Promise<void> {
    const { run, round, header } = closed;
    this.#deps.crash.hit('rows-no-close', round);
    await this.#whileOpen(run, round, async (tx) => {
      const at = { runId: run, round };
      await tx.manager.update(RoundEntity, at, {
        header: recordHex(HEADER, header),
        headerHash: closed.headerHash,
        modelAfter: header.modelAfter,
        exclusions: recordListHex(EXCLUDE, closed.exclusions),
        metrics: closed.metrics,
        emptyReason: closed.emptyReason ?? null,
        closedAt: tx.now(),
      });
      await tx.manager.insert(OutboxEntity, {
        ...at,
        header: recordHex(HEADER, header),
        status: 'pending',
        queuedAt: tx.now(),
        attempts: 0,
      });
      await tx.manager.update(RunEntity, { id: run }, { model: header.modelAfter });
      await tx.tell(run, { type: 'round.closed', round, detail: closedDetail(closed) });
      this.#deps.crash.hit('inside-close', round);
    });
    this.#deps.closed();
  }

  /** Works only while the round has no header; the row lock orders a late append against the close. */
  async #whileOpen(
    run: RunId,
    round: number,
    work: (tx: Transaction) => Promise<void>,
  ): Promise<void> {
    await this.#work.run(async (tx) => {
      const found = await tx.manager.findOne(RoundEntity, {
        select: { runId: true, round: true, headerHash: true },
        where: { runId: run, round },
        lock: { mode: 'pessimistic_write' },
      });
      if (found === null) throw new TallyError('USAGE_UNKNOWN_ROUND', { run, round });
      if (found.headerHash !== null) throw new TallyError('ROUND_CLOSED', { run, round });
      await work(tx);
    }, this.#fence);
  }
}

async function insertOnce(
  run: RunId,
  round: number,
  node: number | string,
  insert: () => Promise<unknown>,
): Promise<void> {
  try {
    await insert();
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new TallyError('ROUND_DUPLICATE', { run, round, node }, error);
  }
}

function acceptedEvent(round: number, { node, receipt, weight }: ContributionRow): NewEvent {
  return {
    type: 'update.accepted',
    round,
    node,
    detail: {
      update: receipt.update,
      updateBytes: receipt.updateBytes.toString(),
      numExamples: receipt.numExamples.toString(),
      weight: weight.toString(),
      lossBefore: receipt.lossBefore.toString(),
      lossAfter: receipt.lossAfter.toString(),
    },
  };
}

function closedDetail({ header, headerHash, metrics, emptyReason }: CloseRound) {
  return {
    ...metricsOf(metrics),
    header: headerHash,
    included: header.included,
    excluded: header.excluded,
    sumWeight: header.sumWeight.toString(),
    modelAfter: header.modelAfter,
    ...(emptyReason === undefined ? {} : { emptyReason }),
  };
}

/** The newest `depth` closed rounds of `run`, ascending. */
async function pastRounds(
  manager: EntityManager,
  run: RunId,
  depth: number,
): Promise<readonly PastRound[]> {
  const rounds = await manager.find(RoundEntity, {
    where: { runId: run, header: Not(IsNull()) },
    order: { round: 'DESC' },
    take: depth,
  });
  const from = rounds.at(-1)?.round ?? 0;
  const rows = await manager.findBy(ContributionEntity, {
    runId: run,
    round: MoreThanOrEqual(from),
  });
  return rounds.toReversed().map((round) =>
    pastRound(
      round,
      rows.filter((row) => row.round === round.round),
    ),
  );
}

function pastRound(round: RoundEntity, rows: readonly ContributionEntity[]): PastRound {
  return {
    run: round.runId,
    round: round.round,
    task: recordOf(TASK, round.task),
    cohort: recordListOf(MEMBER, round.cohort).map((member, i) => ({
      member,
      key: asPublicKey(round.cohortKeys.slice(64 * i, 64 * i + 64)),
    })),
    contributions: rows.map(contributionRow),
  };
}

function resumable(
  open: RoundEntity,
  contributions: readonly ContributionEntity[],
  declines: readonly DeclineEntity[],
): ResumableRound {
  return {
    ...pastRound(open, contributions),
    declines: declines.map(({ nodeId, reason, wire }) => ({ node: nodeId, reason, wire })),
  };
}

function contributionRow(row: ContributionEntity): ContributionRow {
  return {
    node: row.nodeId,
    receipt: recordOf(RECEIPT, row.receipt),
    receiptSignature: row.receiptSignature,
    weight: row.weight,
    promise: recordOf(PROMISE, row.promise),
  };
}
