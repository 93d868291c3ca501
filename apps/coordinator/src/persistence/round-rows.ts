import { asRunId, fromHex, type Hash, type RunId, ZERO_HASH } from '@tallystick/kernel';
import { TASK } from '@tallystick/record';
import { In, IsNull, MoreThanOrEqual, Not, Raw } from 'typeorm';
import {
  ContributionEntity,
  DeclineEntity,
  EvaluationEntity,
  OutboxEntity,
  RoundEntity,
  RunEntity,
} from './entities/index.js';
import { metricsOf } from './metrics-of.js';
import type { UnitOfWork } from './unit-of-work.js';

/** How many rounds of a run are closed and count, and how many of those are final on the chain. */
export interface RoundCounts {
  readonly closed: number;
  readonly committed: number;
  /** Closed ones that the chain voided. */
  readonly void: number;
  /** The newest number that is closed and counts. */
  readonly last: number | null;
}

/** Numbers as the driver gives them. */
interface RawCounts {
  readonly run: string;
  readonly closed: string;
  readonly committed: string;
  readonly void: string;
  readonly last: string | null;
}

function countsOf({ closed, committed, void: voided, last }: RawCounts): RoundCounts {
  return {
    closed: Number(closed),
    committed: Number(committed),
    void: Number(voided),
    last: last === null ? null : Number(last),
  };
}

/** A round that started from the best model. */
export interface BestRound {
  readonly round: number;
  readonly header: string;
  readonly loss: number;
}

/** A closed round with its way to the chain and what the sites reported of it. */
export interface ClosedRoundRow {
  readonly round: RoundEntity;
  readonly header: string;
  readonly headerHash: Hash;
  readonly outbox: OutboxEntity | undefined;
  readonly evaluations: readonly EvaluationEntity[];
}

/** Everything a closed round left, ascending by node. */
export interface RoundFiles {
  readonly round: RoundEntity;
  readonly header: string;
  readonly contributions: readonly ContributionEntity[];
  readonly declines: readonly DeclineEntity[];
}

/** Rounds as they are read; the journal alone writes them. */
export class RoundRows {
  readonly #work: UnitOfWork;

  constructor(work: UnitOfWork) {
    this.#work = work;
  }

  /** The round of each run that has no header yet. */
  async openRounds(): Promise<readonly { readonly run: RunId; readonly round: number }[]> {
    const rows = await this.#work.read((manager) =>
      manager.find(RoundEntity, {
        select: { runId: true, round: true },
        where: { headerHash: IsNull(), isVoid: false },
      }),
    );
    return rows.map(({ runId, round }) => ({ run: runId, round }));
  }

  openRound(run: RunId): Promise<RoundEntity | null> {
    return this.#work.read((manager) =>
      manager.findOneBy(RoundEntity, { runId: run, headerHash: IsNull(), isVoid: false }),
    );
  }

  /** Is this the server state that the task of an open SCAFFOLD round names? The sites of that round train with it. */
  isSharedState(id: Hash): Promise<boolean> {
    return this.#work.read(async (manager) => {
      const open = await manager.find(RoundEntity, {
        select: { runId: true, round: true, task: true },
        where: { headerHash: IsNull(), isVoid: false },
      });
      const runs = open.filter(({ task }) => TASK.decode(fromHex(task)).state === id);
      if (runs.length === 0 || id === ZERO_HASH) return false;
      return manager.existsBy(RunEntity, {
        id: In(runs.map(({ runId }) => runId)),
        spec: Raw((spec) => `(${spec})::jsonb #> '{strategy,scaffold}' IS NOT NULL`),
      });
    });
  }

  /** By run; a run without closed rounds has no entry. */
  async counts(runs: readonly RunId[]): Promise<ReadonlyMap<RunId, RoundCounts>> {
    const rows = await this.#work.read((manager) =>
      manager
        .createQueryBuilder(OutboxEntity, 'o')
        .select('o.run_id', 'run')
        .addSelect(`count(*) FILTER (WHERE o.status <> 'void')`, 'closed')
        .addSelect(`count(*) FILTER (WHERE o.status = 'final')`, 'committed')
        .addSelect(`count(*) FILTER (WHERE o.status = 'void')`, 'void')
        .addSelect(`max(o.round) FILTER (WHERE o.status <> 'void')`, 'last')
        .where('o.run_id = ANY(:runs)', { runs })
        .groupBy('o.run_id')
        .getRawMany<RawCounts>(),
    );
    return new Map(rows.map((row) => [asRunId(Number(row.run)), countsOf(row)]));
  }

  /** By run, the closed round that measured the smallest `lossBefore`, the earliest of equals. */
  async best(runs: readonly RunId[]): Promise<ReadonlyMap<RunId, BestRound>> {
    const loss = `((r.metrics::jsonb) ->> 'lossBefore')::bigint`;
    const rows = await this.#work.read((manager) =>
      manager
        .createQueryBuilder(RoundEntity, 'r')
        .distinctOn(['r.runId'])
        .where('r.run_id = ANY(:runs)', { runs })
        .andWhere('r.header IS NOT NULL AND NOT r.is_void')
        .andWhere(`${loss} IS NOT NULL`)
        .orderBy('r.run_id')
        .addOrderBy(loss)
        .addOrderBy('r.round')
        .getMany(),
    );
    return new Map(
      rows.flatMap(({ runId, round, header, metrics }) => {
        const measured = metricsOf(metrics ?? '{}')['lossBefore'];
        if (header === null || measured === undefined) return [];
        return [[runId, { round, header, loss: measured }] as const];
      }),
    );
  }

  /** The next closed rounds from number `from` on but for the first `skip`, ascending; void ones among them. */
  closed(
    run: RunId,
    { from, skip, limit }: { readonly from: number; readonly skip: number; readonly limit: number },
  ): Promise<readonly ClosedRoundRow[]> {
    return this.#work.read(async (manager) => {
      const rounds = await manager.find(RoundEntity, {
        where: { runId: run, round: MoreThanOrEqual(from), header: Not(IsNull()) },
        order: { round: 'ASC' },
        skip,
        take: limit,
      });
      const at = { runId: run, round: In(rounds.map(({ round }) => round)) };
      const outbox = await manager.findBy(OutboxEntity, at);
      const evaluations = await manager.find(EvaluationEntity, {
        where: at,
        order: { nodeId: 'ASC' },
      });
      return rounds.flatMap((round) => {
        const { header, headerHash } = round;
        if (header === null || headerHash === null) return [];
        return {
          round,
          header,
          headerHash,
          outbox: outbox.find((row) => row.round === round.round),
          evaluations: evaluations.filter((row) => row.round === round.round),
        };
      });
    });
  }

  /** Headers of the next rounds from number `from` on that count, ascending. */
  async headers(run: RunId, from: number, limit: number): Promise<readonly string[]> {
    const rounds = await this.#work.read((manager) =>
      manager.find(RoundEntity, {
        select: { runId: true, round: true, header: true },
        where: { runId: run, round: MoreThanOrEqual(from), header: Not(IsNull()), isVoid: false },
        order: { round: 'ASC' },
        take: limit,
      }),
    );
    return rounds.flatMap(({ header }) => (header === null ? [] : [header]));
  }

  /** Undefined unless the round is closed. */
  files(run: RunId, number: number): Promise<RoundFiles | undefined> {
    return this.#work.read(async (manager) => {
      const at = { runId: run, round: number };
      const round = await manager.findOneBy(RoundEntity, at);
      if (round === null || round.header === null) return undefined;
      const byNode = { where: at, order: { nodeId: 'ASC' as const } };
      return {
        round,
        header: round.header,
        contributions: await manager.find(ContributionEntity, byNode),
        declines: await manager.find(DeclineEntity, byNode),
      };
    });
  }
}
