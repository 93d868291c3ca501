import { asRunId, fromHex, type Hash, type RunId, ZERO_HASH } from '@tallystick/kernel';
import { TASK } from '@tallystick/record';
import { Between, In, IsNull, Not, Raw } from 'typeorm';
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

/** How many rounds of a run are closed, and how many of those are final on the chain. */
export interface RoundCounts {
  readonly closed: number;
  readonly committed: number;
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
        where: { headerHash: IsNull() },
      }),
    );
    return rows.map(({ runId, round }) => ({ run: runId, round }));
  }

  openRound(run: RunId): Promise<RoundEntity | null> {
    return this.#work.read((manager) =>
      manager.findOneBy(RoundEntity, { runId: run, headerHash: IsNull() }),
    );
  }

  /** Is this the server state that the task of an open SCAFFOLD round names? The sites of that round train with it. */
  isSharedState(id: Hash): Promise<boolean> {
    return this.#work.read(async (manager) => {
      const open = await manager.find(RoundEntity, {
        select: { runId: true, round: true, task: true },
        where: { headerHash: IsNull() },
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
        .addSelect('count(*)', 'closed')
        .addSelect(`count(*) FILTER (WHERE o.status = 'final')`, 'committed')
        .where('o.run_id = ANY(:runs)', { runs })
        .groupBy('o.run_id')
        .getRawMany<{ run: string; closed: string; committed: string }>(),
    );
    return new Map(
      rows.map(({ run, closed, committed }) => [
        asRunId(Number(run)),
        { closed: Number(closed), committed: Number(committed) },
      ]),
    );
  }

  /** By run, the closed round that measured the smallest `lossBefore`, the earliest of equals. */
  async best(runs: readonly RunId[]): Promise<ReadonlyMap<RunId, BestRound>> {
    const loss = `((r.metrics::jsonb) ->> 'lossBefore')::bigint`;
    const rows = await this.#work.read((manager) =>
      manager
        .createQueryBuilder(RoundEntity, 'r')
        .distinctOn(['r.runId'])
        .where('r.run_id = ANY(:runs)', { runs })
        .andWhere('r.header IS NOT NULL')
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

  /** Closed rounds from number `from` on, ascending. */
  closed(run: RunId, from: number, limit: number): Promise<readonly ClosedRoundRow[]> {
    return this.#work.read(async (manager) => {
      const at = { runId: run, round: Between(from, from + limit - 1) };
      const rounds = await manager.find(RoundEntity, {
        where: { ...at, header: Not(IsNull()) },
        order: { round: 'ASC' },
      });
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
