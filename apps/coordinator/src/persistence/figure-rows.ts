import { asRunId, type NodeId, type RunId } from '@tallystick/kernel';
import { LIMITS } from '@tallystick/protocol';
import { Between, In, IsNull } from 'typeorm';
import { z } from 'zod';
import {
  ContributionEntity,
  DeclineEntity,
  EvaluationEntity,
  EventEntity,
  RoundEntity,
} from './entities/index.js';
import {
  COMMIT_TIMES,
  LAST_DECLINES,
  METRIC_NAMES,
  RECENT_LOSSES,
  ROUND_SPREAD,
  ROUND_TIMES,
  SITE_CURVES,
  SITE_SPEEDS,
  UPDATE_TIMES,
} from './figure-statements.js';
import type { UnitOfWork } from './unit-of-work.js';

const count = z.coerce.number();
const maybe = z.union([z.null(), z.coerce.number()]);

const Losses = z.object({ run_id: count, losses: z.array(z.number()) });
const Times = z.object({
  round: count,
  opened_ms: count,
  closed_ms: count,
  loss_before: maybe,
  loss_after: maybe,
});
const Updates = z.object({ round: count, first_ms: count, last_ms: count, bytes: count });
const Commits = z.object({ round: count, final_ms: count });
const Spread = z.object({ round: count, mean: maybe, low: maybe, high: maybe });
const SiteCurve = z.object({
  node_id: count,
  points: z.array(z.tuple([z.number(), z.number().nullable()])),
  reporting: count,
});
const Speed = z.object({ node_id: count, round_ms: count });
const Declined = z.object({
  node_id: count,
  run_id: count,
  code: z.string().nullable(),
  message: z.string().nullable(),
});

/** A closed round with what took how long, in milliseconds. */
interface RoundTimes extends z.infer<typeof Times> {
  readonly bytes: number;
  /** From the opening to the first, and to the last, accepted update. */
  readonly first_ms: number | null;
  readonly last_ms: number | null;
  /** From the close to the finalised block. */
  readonly commit_ms: number | null;
}

function byRound<T extends { readonly round: number }>(rows: readonly T[]): ReadonlyMap<number, T> {
  return new Map(rows.map((row) => [row.round, row]));
}

/** Rounds of one answer. */
export interface RoundSpan {
  readonly run: RunId;
  readonly from: number;
  readonly limit: number;
}

/** What a round holds of some of its cohort. */
export interface MemberRows {
  readonly contributions: readonly ContributionEntity[];
  readonly declines: readonly DeclineEntity[];
  readonly evaluations: readonly EvaluationEntity[];
  /** `node.declined` and `update.refused` of the round, in order. */
  readonly events: readonly EventEntity[];
}

/** Numbers for people, each answer by a fixed count of statements: nothing that is signed is read from here. */
export class FigureRows {
  readonly #work: UnitOfWork;

  constructor(work: UnitOfWork) {
    this.#work = work;
  }

  /** Losses before the newest closed rounds, ascending by round; a run without any has no entry. */
  async losses(runs: readonly RunId[]): Promise<ReadonlyMap<RunId, readonly number[]>> {
    const rows = await this.#query(RECENT_LOSSES, [runs, LIMITS.maxRecentLosses], Losses);
    return new Map(rows.map(({ run_id: run, losses }) => [asRunId(run), losses]));
  }

  /** Names of the metrics that sites reported about the run's newest evaluated round, ascending. */
  async metricNames(run: RunId): Promise<readonly string[]> {
    const rows = await this.#query(METRIC_NAMES, [run], z.object({ name: z.string() }));
    return rows.map(({ name }) => name);
  }

  /** Closed rounds with what took how long, ascending. */
  async times({ run, from, limit }: RoundSpan): Promise<readonly RoundTimes[]> {
    const values = [run, from, from + limit - 1];
    const rounds = await this.#query(ROUND_TIMES, values, Times);
    const updates = byRound(await this.#query(UPDATE_TIMES, values, Updates));
    const commits = byRound(await this.#query(COMMIT_TIMES, values, Commits));
    return rounds.map((row) => {
      const [sent, commit] = [updates.get(row.round), commits.get(row.round)];
      return {
        ...row,
        bytes: sent?.bytes ?? 0,
        first_ms: sent === undefined ? null : Math.max(0, sent.first_ms - row.opened_ms),
        last_ms: sent === undefined ? null : Math.max(0, sent.last_ms - row.opened_ms),
        commit_ms: commit === undefined ? null : Math.max(0, commit.final_ms - row.closed_ms),
      };
    });
  }

  /** Weighted mean, smallest and largest value of a metric, by round. */
  spread(
    { run, from, limit }: RoundSpan,
    metric: string,
  ): Promise<readonly z.infer<typeof Spread>[]> {
    return this.#query(ROUND_SPREAD, [run, from, from + limit - 1, metric], Spread);
  }

  /** The first sites' values of a metric. */
  siteCurves(
    { run, from, limit }: RoundSpan,
    metric: string,
  ): Promise<readonly z.infer<typeof SiteCurve>[]> {
    const values = [run, from, from + limit - 1, metric, LIMITS.maxCurveSites];
    return this.#query(SITE_CURVES, values, SiteCurve);
  }

  /** Median of the last rounds' milliseconds from the opening to the accepted update, by node. */
  speeds(): Promise<readonly z.infer<typeof Speed>[]> {
    return this.#query(SITE_SPEEDS, [], Speed);
  }

  /** The last decline of each node of runs with this purpose and data set that it has not taken part in since. */
  declines(purpose: string, dataset: string): Promise<readonly z.infer<typeof Declined>[]> {
    return this.#query(LAST_DECLINES, [purpose, dataset], Declined);
  }

  /** Rounds, open and void ones too, with their cohorts and exclusions, ascending. */
  rounds({ run, from, limit }: RoundSpan): Promise<readonly RoundEntity[]> {
    return this.#work.read((manager) =>
      manager.find(RoundEntity, {
        where: { runId: run, round: Between(from, from + limit - 1) },
        order: { round: 'ASC' },
      }),
    );
  }

  /** Who sent or declined something in rounds that are open. */
  answered({
    run,
    from,
    limit,
  }: RoundSpan): Promise<Pick<MemberRows, 'contributions' | 'declines'>> {
    return this.#work.read(async (manager) => {
      const open = await manager.find(RoundEntity, {
        select: { runId: true, round: true },
        where: { runId: run, round: Between(from, from + limit - 1), header: IsNull() },
      });
      const where = { runId: run, round: In(open.map(({ round }) => round)) };
      const select = { runId: true, round: true, nodeId: true };
      return {
        contributions: await manager.find(ContributionEntity, { select, where }),
        declines: await manager.find(DeclineEntity, { select, where }),
      };
    });
  }

  /** What the round holds of these nodes. */
  members(run: RunId, round: number, nodes: readonly NodeId[]): Promise<MemberRows> {
    return this.#work.read(async (manager) => {
      const where = { runId: run, round, nodeId: In([...nodes]) };
      const told = In(['node.declined', 'update.refused'] as const);
      return {
        contributions: await manager.findBy(ContributionEntity, where),
        declines: await manager.findBy(DeclineEntity, where),
        evaluations: await manager.findBy(EvaluationEntity, where),
        events: await manager.find(EventEntity, {
          where: { ...where, type: told },
          order: { number: 'ASC' },
          take: 4 * LIMITS.maxPage,
        }),
      };
    });
  }

  async #query<T extends z.ZodType>(
    sql: string,
    values: readonly unknown[],
    row: T,
  ): Promise<readonly z.output<T>[]> {
    const rows: unknown = await this.#work.read((manager) => manager.query(sql, [...values]));
    return z.array(row).parse(rows);
  }
}
