import type { Hash, RunId } from '@tallystick/kernel';
import { EPOCH } from '@tallystick/record';
import { isVoid, type VoidSpan } from '@tallystick/rounds';
import { In, IsNull, Not } from 'typeorm';
import { EpochEntity, RoundEntity, RunEntity, VoidEntity } from './entities/index.js';
import type { Fence } from './fence.js';
import { recordOf } from './record-list.js';
import type { Transaction, UnitOfWork } from './unit-of-work.js';

/** $1 run; the open round, which nobody closes or appends to from here on. */
const HOLD_OPEN =
  'SELECT FROM rounds WHERE run_id = $1 AND header IS NULL AND NOT is_void FOR UPDATE';

/** $1 run; no round of it is opened from here on. */
const HOLD_RUN = 'SELECT FROM runs WHERE id = $1 FOR UPDATE';

/** $1 run, $2 and $3 the first numbers of its spans and those after the last. */
const IN_SPANS = `run_id = $1 AND EXISTS (
  SELECT FROM unnest($2::bigint[], $3::bigint[]) AS s (f, u) WHERE s.f <= round AND round < s.u)`;

const VOID_ROUNDS = `
WITH changed AS (UPDATE rounds SET is_void = true WHERE NOT is_void AND ${IN_SPANS} RETURNING header)
SELECT count(header)::int AS closed FROM changed`;

const VOID_OUTBOX = `UPDATE outbox SET status = 'void' WHERE ${IN_SPANS}`;

/** What is needed to follow the chain. */
export type Voids = Pick<VoidRows, 'ofRuns' | 'take'>;

/** What the journal, and whoever reads rounds, know of the chain's voids. */
export class VoidRows {
  readonly #work: UnitOfWork;
  readonly #fence: Fence | undefined;

  constructor(work: UnitOfWork, fence?: Fence) {
    this.#work = work;
    this.#fence = fence;
  }

  /** These rows for one lease: `take` rejects with ROUND_FENCED once the lease has another epoch. */
  under(fence: Fence): Voids {
    return new VoidRows(this.#work, fence);
  }

  /** Ascending. */
  async of(run: RunId): Promise<readonly VoidSpan[]> {
    const rows = await this.#work.read((manager) =>
      manager.find(VoidEntity, { where: { runId: run }, order: { from: 'ASC' } }),
    );
    return rows.map(spanOf);
  }

  /** Of each of the runs; ascending. */
  async ofRuns(runs: readonly RunId[]): Promise<ReadonlyMap<RunId, readonly VoidSpan[]>> {
    const rows = await this.#work.read((manager) =>
      manager.find(VoidEntity, {
        where: { runId: In(runs) },
        order: { runId: 'ASC', from: 'ASC' },
      }),
    );
    const of = (run: RunId): readonly VoidSpan[] =>
      rows.filter(({ runId }) => runId === run).map(spanOf);
    return new Map(runs.map((run) => [run, of(run)]));
  }

  /**
   * Takes in all spans of a run, in one transaction: their rounds count nowhere any more, nothing is written to them, the
   * run's model is that of the last round that counts, epochs that were not sent yet and pay for them are dropped. A run
   * that had played all its rounds goes on.
   */
  async take(run: RunId, spans: readonly VoidSpan[]): Promise<void> {
    await this.#work.run(async (tx) => {
      const { manager } = tx;
      const all = [run, spans.map(({ from }) => from), spans.map(({ until }) => until)];
      await manager.query(HOLD_OPEN, [run]);
      await manager.query(HOLD_RUN, [run]);
      const [changed]: readonly { readonly closed: number }[] = await manager.query(
        VOID_ROUNDS,
        all,
      );
      await manager.query(VOID_OUTBOX, all);
      await manager.delete(VoidEntity, { runId: run });
      await manager.insert(
        VoidEntity,
        spans.map((span) => ({ runId: run, ...span })),
      );
      await dropEpochs(tx, run, spans);
      const isReopened = await goBack(tx, run, spans);
      const last = spans.at(-1);
      if (last === undefined) return;
      const detail = { until: last.until, rounds: changed?.closed ?? 0 };
      await tx.tell(run, { type: 'round.voided', round: last.from, detail });
      if (isReopened) await tx.tell(run, { type: 'run.reopened', detail: {} });
    }, this.#fence);
  }
}

function spanOf({ from, until }: VoidEntity): VoidSpan {
  return { from, until };
}

/** Epochs on their way to the chain that end with a void round: it would refuse them for ever. */
async function dropEpochs(
  { manager }: Transaction,
  run: RunId,
  spans: readonly VoidSpan[],
): Promise<void> {
  const waiting = await manager.findBy(EpochEntity, { runId: run, status: Not('final') });
  for (const { epoch, record } of waiting) {
    if (!isVoid(spans, recordOf(EPOCH, record).lastRound)) continue;
    await manager.delete(EpochEntity, { runId: run, epoch });
  }
}

/** The run stands on the last round that counts. True when it had ended and goes on. */
async function goBack(
  { manager }: Transaction,
  run: RunId,
  spans: readonly VoidSpan[],
): Promise<boolean> {
  const newest = await manager.findOne(RoundEntity, {
    select: { runId: true, round: true, modelAfter: true },
    where: { runId: run, header: Not(IsNull()), isVoid: false },
    order: { round: 'DESC' },
  });
  const row = await manager.findOneByOrFail(RunEntity, { id: run });
  const model: Hash = newest?.modelAfter ?? row.genesisModel;
  const voidUntil = spans.at(-1)?.until ?? 0;
  const isReopened = row.status === 'completed' && row.closedAt === null;
  const again = { status: 'running', endedAt: null, settledAt: null, reason: null } as const;
  await manager.update(RunEntity, { id: run }, { model, voidUntil, ...(isReopened ? again : {}) });
  return isReopened;
}
