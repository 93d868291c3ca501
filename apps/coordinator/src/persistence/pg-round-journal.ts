import { type RunId, TallyError, ZERO_HASH } from '@tallystick/kernel';
import { EXCLUDE, HEADER, MEMBER, PROMISE, RECEIPT, TASK } from '@tallystick/record';
import type {
  CloseRound,
  ContributionRow,
  DeclineRow,
  OpenRound,
  RoundJournal,
  RunState,
} from '@tallystick/rounds';
import type { CrashPoints } from '../crash-points.js';
import type { Fence } from './fence.js';
import {
  CLOSE_ROUND,
  INSERT_CONTRIBUTIONS,
  INSERT_DECLINE,
  INSERT_ROUND,
} from './journal-statements.js';
import { metricsOf } from './metrics-of.js';
import { readRunState } from './read-run-state.js';
import { bytea, recordHex, recordListHex } from './record-list.js';
import {
  isUniqueViolation,
  type NewEvent,
  type RunWrite,
  type UnitOfWork,
} from './unit-of-work.js';

interface JournalDeps {
  readonly crash: CrashPoints;
  /** Called after a commit that wrote an outbox row. */
  readonly closed: () => void;
}

/** RoundJournal on PostgreSQL: each write is one statement, and so one transaction, that also writes the event rows it is told by. */
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

  async load(run: RunId, depth: number = 0): Promise<RunState> {
    return this.#work.run(({ manager }) => readRunState(manager, run, depth));
  }

  async open({ run, round, task, cohort }: OpenRound): Promise<void> {
    const members = cohort.map(({ member }) => member);
    const detail = {
      cohort: cohort.length,
      model: task.model,
      deadlineMs: Number(task.deadlineMs),
    };
    await this.#write(run, round, {
      sql: INSERT_ROUND,
      events: [{ type: 'round.opened', round, detail }],
      values: [
        round,
        bytea(recordHex(TASK, task)),
        bytea(recordListHex(MEMBER, members)),
        bytea(cohort.map(({ key }) => key).join('')),
        policiesOf(cohort),
      ],
    });
  }

  async append(run: RunId, round: number, rows: readonly ContributionRow[]): Promise<void> {
    const nodes = rows.map(({ node }) => node);
    await once({ run, round, node: nodes.join(', ') }, () =>
      this.#write(run, round, {
        sql: INSERT_CONTRIBUTIONS,
        events: rows.map((row) => acceptedEvent(round, row)),
        values: [
          round,
          nodes,
          rows.map(({ receipt }) => bytea(recordHex(RECEIPT, receipt))),
          rows.map(({ receiptSignature }) => bytea(receiptSignature)),
          rows.map(({ weight }) => weight.toString()),
          rows.map(({ promise }) => bytea(recordHex(PROMISE, promise))),
        ],
      }),
    );
    this.#deps.crash.hit('row-no-promise', round);
  }

  async decline(run: RunId, round: number, row: DeclineRow): Promise<void> {
    const { node, reason, wire, told } = row;
    await once({ run, round, node }, () =>
      this.#write(run, round, {
        sql: INSERT_DECLINE,
        events: [{ type: 'node.declined', round, node, detail: { reason, ...told } }],
        values: [round, node, reason, bytea(wire)],
      }),
    );
  }

  async close(closed: CloseRound): Promise<void> {
    const { run, round, header } = closed;
    const { crash } = this.#deps;
    crash.hit('rows-no-close', round);
    const write: RunWrite = {
      sql: CLOSE_ROUND,
      events: [{ type: 'round.closed', round, detail: closedDetail(closed) }],
      values: [
        round,
        bytea(header.modelAfter),
        bytea(recordHex(HEADER, header)),
        bytea(closed.headerHash),
        bytea(recordListHex(EXCLUDE, closed.exclusions)),
        closed.metrics,
        closed.emptyReason,
      ],
    };
    if (crash.isDue('inside-close', round)) await this.#crashInside(run, round, write);
    else await this.#write(run, round, write);
    this.#deps.closed();
  }

  #write(run: RunId, round: number, write: RunWrite): Promise<void> {
    return this.#work.once((tx) => tx.write(run, write, round), this.#fence);
  }

  /** A statement has no inside: for this crash point it gets a transaction around it. */
  #crashInside(run: RunId, round: number, write: RunWrite): Promise<void> {
    return this.#work.run(async (tx) => {
      await tx.write(run, write, round);
      this.#deps.crash.hit('inside-close', round);
    }, this.#fence);
  }
}

/** One policy for each member; undefined when nobody's consent names one. */
function policiesOf(cohort: OpenRound['cohort']): string | undefined {
  if (cohort.every(({ policy }) => policy === undefined)) return undefined;
  return bytea(cohort.map(({ policy }) => policy ?? ZERO_HASH).join(''));
}

async function once(
  meta: { readonly run: RunId; readonly round: number; readonly node: number | string },
  write: () => Promise<void>,
): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new TallyError('ROUND_DUPLICATE', meta, error);
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
