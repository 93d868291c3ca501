import type { Hash, RunId } from '@tallystick/kernel';
import { Between, IsNull, Not } from 'typeorm';
import {
  ContributionEntity,
  DeclineEntity,
  EvaluationEntity,
  OutboxEntity,
  RoundEntity,
} from './entities/index.js';
import { metricsOf } from './metrics-of.js';
import type { UnitOfWork } from './unit-of-work.js';

/** How many rounds of a run are closed, and how many of those are final on the chain. */
export interface RoundCounts {
  readonly closed: number;
  readonly committed: number;
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

  counts(run: RunId): Promise<RoundCounts> {
    return this.#work.read(async (manager) => ({
      closed: await manager.countBy(OutboxEntity, { runId: run }),
      committed: await manager.countBy(OutboxEntity, { runId: run, status: 'final' }),
    }));
  }

  /** The closed round that measured the smallest `lossBefore`, the earliest of equals; undefined when none did. */
  async best(
    run: RunId,
  ): Promise<
    { readonly round: number; readonly header: string; readonly loss: number } | undefined
  > {
    const loss = `((r.metrics::jsonb) ->> 'lossBefore')::bigint`;
    const found = await this.#work.read((manager) =>
      manager
        .createQueryBuilder(RoundEntity, 'r')
        .where('r.run_id = :run', { run })
        .andWhere('r.header IS NOT NULL')
        .andWhere(`${loss} IS NOT NULL`)
        .orderBy(loss)
        .addOrderBy('r.round')
        .limit(1)
        .getOne(),
    );
    const { round, header, metrics } = found ?? { header: null };
    const measured = metricsOf(metrics ?? '{}')['lossBefore'];
    if (header === null || round === undefined || measured === undefined) return undefined;
    return { round, header, loss: measured };
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
