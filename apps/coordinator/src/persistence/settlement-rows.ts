import { type Hash, type NodeId, type RunId, TallyError } from '@tallystick/kernel';
import { HEADER, RECEIPT, TASK } from '@tallystick/record';
import { Between, LessThanOrEqual, MoreThanOrEqual, Not } from 'typeorm';
import { ContributionEntity, OutboxEntity, RoundEntity } from './entities/index.js';
import { recordOf } from './record-list.js';
import type { UnitOfWork } from './unit-of-work.js';

/** Most rounds that one look reads; an epoch has at most as many that are not empty. */
const MAX_ROUNDS = 4_096;

/** Weights of counted contributions: those of a round that closed empty or is void do not count. */
const WEIGHTS = `
SELECT c.node_id AS node, sum(c.weight)::text AS weight
FROM contributions c JOIN rounds r ON r.run_id = c.run_id AND r.round = c.round
WHERE c.run_id = $1 AND c.round BETWEEN $2 AND $3 AND r.empty_reason IS NULL AND NOT r.is_void
GROUP BY c.node_id ORDER BY c.node_id`;

/** A committed round: the model of its task, and what was counted in it, by node. */
interface CommittedRow {
  readonly round: number;
  readonly model: Hash;
  readonly contributions: readonly {
    readonly node: NodeId;
    readonly weight: bigint;
    readonly update: Hash;
  }[];
}

/** What settling reads of rounds. */
export class SettlementRows {
  readonly #work: UnitOfWork;

  constructor(work: UnitOfWork) {
    this.#work = work;
  }

  /** Rounds from number `from` on that count and are final on the chain, up to the first that is not. */
  async finalFrom(
    run: RunId,
    from: number,
  ): Promise<readonly { readonly round: number; readonly included: number }[]> {
    const rows = await this.#work.read((manager) =>
      manager.find(OutboxEntity, {
        select: { runId: true, round: true, header: true, status: true },
        where: { runId: run, round: MoreThanOrEqual(from), status: Not('void') },
        order: { round: 'ASC' },
        take: MAX_ROUNDS,
      }),
    );
    const open = rows.findIndex(({ status }) => status !== 'final');
    const final = open < 0 ? rows : rows.slice(0, open);
    return final.map(({ round, header }) => ({
      round,
      included: recordOf(HEADER, header).included,
    }));
  }

  /** Sums of weights over the rounds of a span, by node. */
  async weights(
    run: RunId,
    { firstRound, lastRound }: { readonly firstRound: number; readonly lastRound: number },
  ): Promise<ReadonlyMap<NodeId, bigint>> {
    const rows: readonly { readonly node: string; readonly weight: string }[] =
      await this.#work.read((manager) => manager.query(WEIGHTS, [run, firstRound, lastRound]));
    return new Map(rows.map(({ node, weight }) => [Number(node) as NodeId, BigInt(weight)])); // bigint column of node ids
  }

  /**
   * Every round that counts from 0 to the last of a span with the model it started from, those of the span with what was counted:
   * at most as many contributions as an epoch of scores may have.
   */
  async committedFiles(
    run: RunId,
    { firstRound, lastRound }: { readonly firstRound: number; readonly lastRound: number },
  ): Promise<readonly CommittedRow[]> {
    return this.#work.read(async (manager) => {
      const rounds = await manager.find(RoundEntity, {
        select: { runId: true, round: true, task: true, emptyReason: true },
        where: { runId: run, round: LessThanOrEqual(lastRound), isVoid: false },
        order: { round: 'ASC' },
      });
      const rows = await manager.find(ContributionEntity, {
        select: { runId: true, round: true, nodeId: true, weight: true, receipt: true },
        where: { runId: run, round: Between(firstRound, lastRound) },
        order: { round: 'ASC', nodeId: 'ASC' },
      });
      const byRound = new Map<number, ContributionEntity[]>();
      for (const row of rows) byRound.set(row.round, [...(byRound.get(row.round) ?? []), row]);
      return rounds.map(({ round, task, emptyReason }) => {
        const counted = emptyReason === null ? (byRound.get(round) ?? []) : [];
        const contributions = counted.map(({ nodeId, weight, receipt }) => ({
          ...{ node: nodeId, weight },
          update: recordOf(RECEIPT, receipt).update,
        }));
        return { round, model: recordOf(TASK, task).model, contributions };
      });
    });
  }

  /** Throws USAGE_UNKNOWN_ROUND for a round that is not closed. */
  async headerHash(run: RunId, round: number): Promise<Hash> {
    const row = await this.#work.read((manager) =>
      manager.findOneBy(RoundEntity, { runId: run, round }),
    );
    const hash = row?.headerHash ?? undefined;
    if (hash === undefined) throw new TallyError('USAGE_UNKNOWN_ROUND', { run, round });
    return hash;
  }

  /** Does a closed round of the run still wait for the chain? */
  hasWaiting(run: RunId): Promise<boolean> {
    return this.#work.read(async (manager) => {
      const status = ['pending', 'submitted'] as const;
      const counts = await Promise.all(
        status.map((one) => manager.countBy(OutboxEntity, { runId: run, status: one })),
      );
      return counts.some((count) => count > 0);
    });
  }
}
