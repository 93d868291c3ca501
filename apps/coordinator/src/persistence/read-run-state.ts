import { asHash, asPublicKey, type Hash, type RunId, ZERO_HASH } from '@tallystick/kernel';
import { type Header, HEADER, MEMBER, PROMISE, RECEIPT, TASK } from '@tallystick/record';
import type {
  ContributionRow,
  PastRound,
  ResumableRound,
  RunState,
  VoidSpan,
} from '@tallystick/rounds';
import { type EntityManager, IsNull, MoreThanOrEqual, Not } from 'typeorm';
import { ContributionEntity, DeclineEntity, RoundEntity, VoidEntity } from './entities/index.js';
import { recordListOf, recordOf } from './record-list.js';

/**
 * Where a run stands by its rows, with the newest `depth` closed rounds whole; call in a transaction. A process that
 * died may have left its last write in PostgreSQL, still under way. It holds the lock of the open round, so this waits
 * for it: a row that landed later would be durable and in no fold.
 */
export async function readRunState(
  manager: EntityManager,
  run: RunId,
  depth: number,
): Promise<RunState> {
  const open = await manager.findOne(RoundEntity, {
    where: { runId: run, header: IsNull(), isVoid: false },
    lock: { mode: 'pessimistic_write' },
  });
  const closed = await manager.find(RoundEntity, {
    select: { runId: true, round: true, header: true, metrics: true },
    where: { runId: run, header: Not(IsNull()), isVoid: false },
    order: { round: 'ASC' },
  });
  const voids = await voidsOf(manager, run);
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
  if (open === null) return { voids, headers, metrics, last, recent };
  const at = { where: { runId: run, round: open.round } };
  return {
    voids,
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
}

async function voidsOf(manager: EntityManager, run: RunId): Promise<readonly VoidSpan[]> {
  const rows = await manager.find(VoidEntity, { where: { runId: run }, order: { from: 'ASC' } });
  return rows.map(({ from, until }) => ({ from, until }));
}

/** The newest `depth` closed rounds of `run` that count, ascending. */
async function pastRounds(
  manager: EntityManager,
  run: RunId,
  depth: number,
): Promise<readonly PastRound[]> {
  const rounds = await manager.find(RoundEntity, {
    where: { runId: run, header: Not(IsNull()), isVoid: false },
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
      ...policyAt(round, i),
    })),
    contributions: rows.map(contributionRow),
  };
}

function policyAt({ cohortPolicies }: RoundEntity, index: number): { readonly policy?: Hash } {
  const policy = cohortPolicies?.slice(64 * index, 64 * index + 64);
  return policy === undefined || policy === ZERO_HASH ? {} : { policy: asHash(policy) };
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
