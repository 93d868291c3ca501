import { asPublicKey, type RunId, TallyError } from '@tallystick/kernel';
import { EXCLUDE, type Header, HEADER, MEMBER, PROMISE, RECEIPT, TASK } from '@tallystick/record';
import type {
  CloseRound,
  ContributionRow,
  DeclineRow,
  OpenRound,
  ResumableRound,
  RoundJournal,
  RunState,
} from '@tallystick/rounds';
import { IsNull, Not } from 'typeorm';
import type { CrashPoints } from '../crash-points.js';
import {
  ContributionEntity,
  DeclineEntity,
  OutboxEntity,
  RoundEntity,
  RunEntity,
} from './entities/index.js';
import { recordHex, recordListHex, recordListOf, recordOf } from './record-list.js';
import { isUniqueViolation, type Transaction, type UnitOfWork } from './unit-of-work.js';

/** RoundJournal on PostgreSQL: each method is one transaction that also writes the event rows it is told by. */
export class PgRoundJournal implements RoundJournal {
  readonly #work: UnitOfWork;
  readonly #crash: CrashPoints;

  constructor(work: UnitOfWork, crash: CrashPoints) {
    this.#work = work;
    this.#crash = crash;
  }

  async load(run: RunId): Promise<RunState> {
    return this.#work.run(async ({ manager }): Promise<RunState> => {
      const closed = await manager.find(RoundEntity, {
        select: { runId: true, round: true, header: true },
        where: { runId: run, header: Not(IsNull()) },
        order: { round: 'ASC' },
      });
      const headers = closed.map(({ header }): Header => recordOf(HEADER, header ?? ''));
      const open = await manager.findOneBy(RoundEntity, { runId: run, header: IsNull() });
      if (open === null) return { headers };
      const at = { where: { runId: run, round: open.round } };
      return {
        headers,
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
      await tx.tell(run, 'round.opened', {
        round,
        cohort: cohort.map(({ member }) => member.node),
        model: task.model,
        deadlineMs: Number(task.deadlineMs),
      });
    });
  }

  async append(run: RunId, round: number, row: ContributionRow): Promise<void> {
    const { node, receipt } = row;
    await this.#whileOpen(run, round, async (tx) => {
      await insertOnce(run, round, node, () =>
        tx.manager.insert(ContributionEntity, {
          runId: run,
          round,
          nodeId: node,
          receipt: recordHex(RECEIPT, receipt),
          receiptSignature: row.receiptSignature,
          weight: row.weight,
          promise: recordHex(PROMISE, row.promise),
          acceptedAt: tx.now(),
        }),
      );
      await tx.tell(run, 'contribution.accepted', {
        round,
        node,
        update: receipt.update,
        updateBytes: receipt.updateBytes.toString(),
        numExamples: receipt.numExamples.toString(),
        weight: row.weight.toString(),
        lossBefore: receipt.lossBefore.toString(),
        lossAfter: receipt.lossAfter.toString(),
      });
    });
    this.#crash.hit('row-no-promise', round);
  }

  async decline(run: RunId, round: number, { node, reason, wire }: DeclineRow): Promise<void> {
    await this.#whileOpen(run, round, async (tx) => {
      await insertOnce(run, round, node, () =>
        tx.manager.insert(DeclineEntity, { runId: run, round, nodeId: node, reason, wire }),
      );
      await tx.tell(run, 'contribution.declined', { round, node, reason });
    });
  }

  async close(closed: CloseRound): Promise<void> {
    const { run, round, header } = closed;
    this.#crash.hit('rows-no-close', round);
    await this.#whileOpen(run, round, async (tx) => {
      const at = { runId: run, round };
      await tx.manager.update(RoundEntity, at, {
        header: recordHex(HEADER, header),
        headerHash: closed.headerHash,
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
      await tx.tell(run, 'round.closed', closedPayload(closed));
      this.#crash.hit('inside-close', round);
    });
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
    });
  }
}

async function insertOnce(
  run: RunId,
  round: number,
  node: number,
  insert: () => Promise<unknown>,
): Promise<void> {
  try {
    await insert();
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new TallyError('ROUND_DUPLICATE', { run, round, node }, error);
  }
}

function closedPayload({ header, headerHash, metrics, emptyReason, exclusions }: CloseRound) {
  const parsed: unknown = JSON.parse(metrics);
  return {
    round: header.round,
    headerHash,
    included: header.included,
    cohort: header.cohort,
    sumWeight: header.sumWeight.toString(),
    modelAfter: header.modelAfter,
    metrics: parsed,
    exclusions: exclusions.map(({ node, reason }) => ({ node, reason })),
    ...(emptyReason === undefined ? {} : { emptyReason }),
  };
}

function resumable(
  open: RoundEntity,
  contributions: readonly ContributionEntity[],
  declines: readonly DeclineEntity[],
): ResumableRound {
  return {
    run: open.runId,
    round: open.round,
    task: recordOf(TASK, open.task),
    cohort: recordListOf(MEMBER, open.cohort).map((member, i) => ({
      member,
      key: asPublicKey(open.cohortKeys.slice(64 * i, 64 * i + 64)),
    })),
    contributions: contributions.map((row) => ({
      node: row.nodeId,
      receipt: recordOf(RECEIPT, row.receipt),
      receiptSignature: row.receiptSignature,
      weight: row.weight,
      promise: recordOf(PROMISE, row.promise),
    })),
    declines: declines.map(({ nodeId, reason, wire }) => ({ node: nodeId, reason, wire })),
  };
}
