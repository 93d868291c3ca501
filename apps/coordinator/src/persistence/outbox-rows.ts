import type { Hash, RunId } from '@tallystick/kernel';
import { type Header, HEADER } from '@tallystick/record';
import { In, Not } from 'typeorm';
import { OutboxEntity, type OutboxStatus } from './entities/index.js';
import type { Fence } from './fence.js';
import { FINAL, PREPARED, SUBMITTED, UNPREPARED } from './outbox-statements.js';
import { bytea, recordOf } from './record-list.js';
import type { UnitOfWork } from './unit-of-work.js';

/** A signed transaction as it is stored before it is sent. */
export interface StoredCommit {
  readonly nonce: number;
  readonly lastBlock: number;
  readonly bytes: string;
  readonly hash: Hash;
}

/** A closed round that is not final yet. */
export interface WaitingRound {
  readonly run: RunId;
  readonly round: number;
  readonly header: Header;
  readonly status: OutboxStatus;
  readonly attempts: number;
  /** Present once the transaction that carries it is durable. */
  readonly commit?: StoredCommit;
}

/** A closed round that the chain does not hold yet, and should. */
const WAITING = In<OutboxStatus>(['pending', 'submitted']);

/** Several rounds at once: what one transaction carries. */
type Rounds = readonly { readonly run: RunId; readonly round: number }[];

/** What the publisher and the reconciler need of the outbox. */
export type Outbox = Pick<
  OutboxRows,
  'waiting' | 'prepared' | 'unprepared' | 'submitted' | 'final' | 'newestFinal'
>;

/** Rows of the outbox. Every change of status writes its event in the same transaction. */
export class OutboxRows {
  readonly #work: UnitOfWork;
  readonly #fence: Fence | undefined;

  constructor(work: UnitOfWork, fence?: Fence) {
    this.#work = work;
    this.#fence = fence;
  }

  /** These rows for one lease: every write rejects with ROUND_FENCED once the lease has another epoch. */
  under(fence: Fence): Outbox {
    return new OutboxRows(this.#work, fence);
  }

  /** The oldest rounds that are not final, in the order of their runs and rounds; at most `limit`, and none of `resting`. */
  async waiting(limit: number, resting: readonly RunId[] = []): Promise<readonly WaitingRound[]> {
    const rows = await this.#work.read((manager) =>
      manager.find(OutboxEntity, {
        where: { status: WAITING, ...(resting.length > 0 && { runId: Not(In(resting)) }) },
        order: { runId: 'ASC', round: 'ASC' },
        take: limit,
      }),
    );
    return rows.map(waitingOf);
  }

  /** Makes a signed transaction durable, before it is sent for the first time. */
  async prepared(rounds: Rounds, commit: StoredCommit): Promise<void> {
    const { nonce, lastBlock, bytes, hash } = commit;
    await this.#change(PREPARED, rounds, [nonce, lastBlock, bytea(bytes), bytea(hash)]);
  }

  /** Takes a transaction back that can never be included; the rounds are signed again. */
  async unprepared(rounds: Rounds): Promise<void> {
    await this.#change(UNPREPARED, rounds, []);
  }

  async submitted(rounds: Rounds): Promise<void> {
    await this.#change(SUBMITTED, rounds, []);
  }

  /** @param block absent when the chain was only found to hold the round (reconciliation). */
  async final(
    rounds: Rounds,
    block?: { readonly number: number; readonly hash: Hash },
  ): Promise<void> {
    const [number, hash] = block === undefined ? [] : [block.number, bytea(block.hash)];
    const detail = block === undefined ? {} : { block: block.number, blockHash: block.hash };
    await this.#work.once(async (tx) => {
      const values = [tx.now(), number, hash, JSON.stringify(detail)];
      await tx.fenced(FINAL, rounds.map(runOf), [rounds.map(roundOf), ...values]);
      for (const { run } of rounds) tx.touched.add(run);
    }, this.#fence);
  }

  /** How many rounds are not final, and since when the oldest of them waits. */
  async depth(): Promise<{ readonly waiting: number; readonly oldest: Date | null }> {
    return this.#work.read(async (manager) => {
      const where = { status: WAITING };
      const waiting = await manager.count(OutboxEntity, { where });
      const [first] = await manager.find(OutboxEntity, {
        where,
        order: { queuedAt: 'ASC' },
        take: 1,
      });
      return { waiting, oldest: first?.queuedAt ?? null };
    });
  }

  /** The newest final rounds with the transactions that carried them, newest first. */
  carried(limit: number): Promise<readonly OutboxEntity[]> {
    return this.#work.read((manager) =>
      manager.find(OutboxEntity, {
        where: { status: 'final' },
        order: { finalAt: 'DESC', runId: 'DESC', round: 'DESC' },
        take: limit,
      }),
    );
  }

  /** The newest final round of each run that has one. */
  async newestFinal(
    run: RunId,
  ): Promise<{ readonly round: number; readonly header: Header } | undefined> {
    const row = await this.#work.read((manager) =>
      manager.findOne(OutboxEntity, {
        where: { runId: run, status: 'final' },
        order: { round: 'DESC' },
      }),
    );
    return row === null ? undefined : { round: row.round, header: recordOf(HEADER, row.header) };
  }

  async #change(sql: string, rounds: Rounds, values: readonly unknown[]): Promise<void> {
    const all = [rounds.map(roundOf), ...values];
    await this.#work.once((tx) => tx.fenced(sql, rounds.map(runOf), all), this.#fence);
  }
}

const runOf = ({ run }: Rounds[number]): RunId => run;
const roundOf = ({ round }: Rounds[number]): number => round;

function waitingOf(row: OutboxEntity): WaitingRound {
  const { nonce, lastBlock, extrinsic, extrinsicHash } = row;
  const isSigned =
    nonce !== null && lastBlock !== null && extrinsic !== null && extrinsicHash !== null;
  return {
    run: row.runId,
    round: row.round,
    header: recordOf(HEADER, row.header),
    status: row.status,
    attempts: row.attempts,
    ...(isSigned ? { commit: { nonce, lastBlock, bytes: extrinsic, hash: extrinsicHash } } : {}),
  };
}
