import { type ErrorCode, type Hash, type RunId, TallyError } from '@tallystick/kernel';
import { LIMITS, type RunEvent } from '@tallystick/protocol';
import { In, IsNull, Like, MoreThan, Not } from 'typeorm';
import {
  EventEntity,
  LaunchEntity,
  RoundEntity,
  RunEntity,
  type RunStatus,
} from './entities/index.js';
import type { Fence } from './fence.js';
import type { UnitOfWork } from './unit-of-work.js';

/** A run as it is first stored. */
export type NewRunRow = Pick<
  RunEntity,
  'id' | 'name' | 'specHash' | 'spec' | 'genesisModel' | 'pot' | 'closeWhenSettled' | 'owner'
>;

/** How the reason of a run begins that a restore ended: the chain may hold more of it than the database. */
const RESTORED: ErrorCode = 'ROUND_RUN_RESTORED';

/** Runs and their events. What changes a run's state is written under its lease; a new one under the leader's. */
export class RunRows {
  readonly #work: UnitOfWork;

  constructor(work: UnitOfWork) {
    this.#work = work;
  }

  /** The run takes the place of its launch, if it had one. */
  async propose(run: NewRunRow, fence: Fence, launch?: string): Promise<void> {
    await this.#work.run(async (tx) => {
      if (launch !== undefined) await tx.manager.delete(LaunchEntity, { id: launch });
      await tx.manager.insert(RunEntity, {
        ...run,
        status: 'proposed',
        model: run.genesisModel,
        lastEvent: 0,
        createdAt: tx.now(),
      });
    }, fence);
  }

  /** The chain has the coordinator's acceptance. */
  async started(run: RunId, fence: Fence): Promise<void> {
    await this.#work.run(async (tx) => {
      await tx.manager.update(RunEntity, { id: run }, { status: 'running' });
      await tx.tell(run, { type: 'run.started', detail: {} });
    }, fence);
  }

  async requestStop(run: RunId, fence: Fence): Promise<void> {
    await this.#work.run(async (tx) => {
      await tx.manager.update(RunEntity, { id: run, stopAt: IsNull() }, { stopAt: tx.now() });
    }, fence);
  }

  /** The run opens no further round; harmless when it is paused already. */
  async pause(run: RunId, fence: Fence): Promise<void> {
    await this.#work.run(async (tx) => {
      const at = { id: run, pausedAt: IsNull(), endedAt: IsNull() };
      const { affected } = await tx.manager.update(RunEntity, at, { pausedAt: tx.now() });
      if (affected === 1) await tx.tell(run, { type: 'run.paused', detail: {} });
    }, fence);
  }

  /** Takes `pause` back; harmless when it is not paused. */
  async goOn(run: RunId, fence: Fence): Promise<void> {
    await this.#work.run(async (tx) => {
      const at = { id: run, pausedAt: Not(IsNull()), endedAt: IsNull() };
      const { affected } = await tx.manager.update(RunEntity, at, { pausedAt: null });
      if (affected === 1) await tx.tell(run, { type: 'run.resumed', detail: {} });
    }, fence);
  }

  /** False, and nothing is stored, when rounds of the run were voided since `run` was read. */
  async ended(
    { id: run, voidUntil }: Pick<RunEntity, 'id' | 'voidUntil'>,
    outcome: { readonly status: 'completed' | 'failed' | 'cancelled'; readonly reason?: string },
    fence: Fence,
  ): Promise<boolean> {
    const { status, reason } = outcome;
    return this.#work.run(async (tx) => {
      const changes = { status, reason: reason ?? null, endedAt: tx.now() };
      const { affected } = await tx.manager.update(RunEntity, { id: run, voidUntil }, changes);
      if (affected !== 1) return false;
      await tx.tell(run, {
        type: `run.${status}`,
        detail: reason === undefined ? {} : { reason },
      });
      return true;
    }, fence);
  }

  /** Throws USAGE_UNKNOWN_RUN. */
  async get(run: RunId): Promise<RunEntity> {
    const found = await this.#work.read((manager) => manager.findOneBy(RunEntity, { id: run }));
    if (found === null) throw new TallyError('USAGE_UNKNOWN_RUN', { run });
    return found;
  }

  /** The newest runs first. */
  list(): Promise<readonly RunEntity[]> {
    return this.#work.read((manager) =>
      manager.find(RunEntity, { order: { id: 'DESC' }, take: LIMITS.maxPage }),
    );
  }

  /** Runs that a (re)started process goes on with. */
  unfinished(): Promise<readonly RunEntity[]> {
    const status = In(['proposed', 'running'] satisfies RunStatus[]);
    return this.#work.read((manager) =>
      manager.find(RunEntity, { where: { status }, order: { id: 'ASC' } }),
    );
  }

  /** Ended runs, the last ones, oldest first. */
  async lastEnded(limit: number): Promise<readonly RunEntity[]> {
    const rows = await this.#work.read((manager) =>
      manager.find(RunEntity, {
        where: { endedAt: Not(IsNull()) },
        order: { endedAt: 'DESC' },
        take: limit,
      }),
    );
    return rows.toReversed();
  }

  /** Every run that has a row, whatever became of it. */
  async known(): Promise<ReadonlySet<RunId>> {
    const rows = await this.#work.read((manager) =>
      manager.find(RunEntity, { select: { id: true } }),
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Runs with rounds that may still have to be settled, or that are to be closed, ascending. */
  unsettled(): Promise<readonly RunEntity[]> {
    const isBegun = Not<RunStatus>('proposed');
    return this.#work.read((manager) =>
      manager.find(RunEntity, {
        where: [
          { settledAt: IsNull(), closedAt: IsNull(), status: isBegun },
          { closeWhenSettled: true, closedAt: IsNull(), status: isBegun },
        ],
        order: { id: 'ASC' },
      }),
    );
  }

  async settled(run: RunId, fence: Fence): Promise<void> {
    await this.#work.run(async (tx) => {
      await tx.manager.update(RunEntity, { id: run, settledAt: IsNull() }, { settledAt: tx.now() });
    }, fence);
  }

  /** The run is closed once nothing of it is pending. */
  async requestClose(run: RunId, fence: Fence): Promise<void> {
    await this.#work.run(async (tx) => {
      await tx.manager.update(RunEntity, { id: run }, { closeWhenSettled: true });
    }, fence);
  }

  /** The chain has given the rest of the pot back. */
  async closed(run: RunId, fence: Fence): Promise<void> {
    await this.#work.run(async (tx) => {
      const at = { id: run, closedAt: IsNull() };
      const { affected } = await tx.manager.update(RunEntity, at, { closedAt: tx.now() });
      if (affected === 1) await tx.tell(run, { type: 'run.closed', detail: {} });
    }, fence);
  }

  /** Runs that database and chain must agree about: all that began, but for those that a restore ended. */
  async ids(): Promise<readonly RunId[]> {
    const status = Not<RunStatus>('proposed');
    const rows = await this.#work.read((manager) =>
      manager.find(RunEntity, {
        select: { id: true },
        where: [
          { status, reason: IsNull() },
          { status, reason: Not(Like(`${RESTORED}: %`)) },
        ],
      }),
    );
    return rows.map(({ id }) => id);
  }

  /** Canonical JSON of a spec that some run has; undefined when none does. */
  async spec(specHash: Hash): Promise<string | undefined> {
    const found = await this.#work.read((manager) =>
      manager.findOne(RunEntity, { select: { id: true, spec: true }, where: { specHash } }),
    );
    return found?.spec;
  }

  /** Is this blob a genesis model or the model after some round? */
  isModel(id: Hash): Promise<boolean> {
    return this.#work.read(
      async (manager) =>
        (await manager.existsBy(RunEntity, { genesisModel: id })) ||
        (await manager.existsBy(RoundEntity, { modelAfter: id })),
    );
  }

  /** Events after number `after`, ascending. */
  async events(run: RunId, after: number, limit: number): Promise<readonly RunEvent[]> {
    const rows = await this.#work.read((manager) =>
      manager.find(EventEntity, {
        where: { runId: run, number: MoreThan(after) },
        order: { number: 'ASC' },
        take: limit,
      }),
    );
    return rows.map(eventOf);
  }
}

function eventOf(row: EventEntity): RunEvent {
  return {
    id: row.number,
    run: row.runId,
    atMs: row.at.getTime(),
    type: row.type,
    ...(row.round === null ? {} : { round: row.round }),
    ...(row.nodeId === null ? {} : { node: row.nodeId }),
    detail: row.detail,
  };
}
