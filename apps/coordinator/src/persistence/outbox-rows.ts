import type { Hash, RunId } from '@tallystick/kernel';
import { type Header, HEADER } from '@tallystick/record';
import { Not } from 'typeorm';
import { type CommitStatus, OutboxEntity } from './entities/index.js';
import type { Fence } from './fence.js';
import { recordOf } from './record-list.js';
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
  readonly status: CommitStatus;
  readonly attempts: number;
  /** Present once the transaction that carries it is durable. */
  readonly commit?: StoredCommit;
}

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

  /** The oldest rounds that are not final, in the order of their runs and rounds; at most `limit`. */
  async waiting(limit: number): Promise<readonly WaitingRound[]> {
    const rows = await this.#work.read((manager) =>
      manager.find(OutboxEntity, {
        where: { status: Not('final') },
        order: { runId: 'ASC', round: 'ASC' },
        take: limit,
      }),
    );
    return rows.map(waitingOf);
  }

  /** Makes a signed transaction durable, before it is sent for the first time. */
  async prepared(rounds: Rounds, commit: StoredCommit): Promise<void> {
    await this.#work.run(async ({ manager }) => {
      for (const { run, round } of rounds) {
        await manager.update(
          OutboxEntity,
          { runId: run, round },
          {
            nonce: commit.nonce,
            lastBlock: commit.lastBlock,
            extrinsic: commit.bytes,
            extrinsicHash: commit.hash,
            attempts: () => 'attempts + 1',
          },
        );
      }
    }, this.#fence);
  }

  /** Takes a transaction back that can never be included; the rounds are signed again. */
  async unprepared(rounds: Rounds): Promise<void> {
    await this.#work.run(async ({ manager }) => {
      for (const { run, round } of rounds) {
        await manager.update(
          OutboxEntity,
          { runId: run, round },
          { status: 'pending', nonce: null, lastBlock: null, extrinsic: null, extrinsicHash: null },
        );
      }
    }, this.#fence);
  }

  async submitted(rounds: Rounds): Promise<void> {
    await this.#advance(rounds, 'submitted');
  }

  /** @param block absent when the chain was only found to hold the round (reconciliation). */
  async final(
    rounds: Rounds,
    block?: { readonly number: number; readonly hash: Hash },
  ): Promise<void> {
    await this.#advance(rounds, 'final', block);
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

  async #advance(
    rounds: Rounds,
    status: Exclude<CommitStatus, 'pending'>,
    block?: { readonly number: number; readonly hash: Hash },
  ): Promise<void> {
    await this.#work.run(async (tx) => {
      for (const { run, round } of rounds) {
        const where = block === undefined ? {} : { block: block.number, blockHash: block.hash };
        const when = status === 'final' ? { finalAt: tx.now() } : {};
        await tx.manager.update(OutboxEntity, { runId: run, round }, { status, ...where, ...when });
        if (status !== 'final') continue;
        const detail = block === undefined ? {} : { block: block.number, blockHash: block.hash };
        await tx.tell(run, { type: 'round.committed', round, detail });
      }
    }, this.#fence);
  }
}

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
