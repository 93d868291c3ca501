import type { Hash, RunId } from '@tallystick/kernel';
import { ENTITLE, type Entitle, EPOCH, type Epoch } from '@tallystick/record';
import { MoreThanOrEqual, Not } from 'typeorm';
import { type CommitStatus, EpochEntity } from './entities/index.js';
import type { Fence } from './fence.js';
import type { StoredCommit } from './outbox-rows.js';
import { recordHex, recordListHex, recordListOf, recordOf } from './record-list.js';
import type { UnitOfWork } from './unit-of-work.js';

/** An epoch that is settled here; on the chain once it is `final`. */
export interface EpochRow {
  readonly run: RunId;
  readonly epoch: number;
  readonly record: Epoch;
  /** Ascending by account. */
  readonly entitlements: readonly Entitle[];
  /** Id of the score sheet of a run that pays by contribution. */
  readonly sheet?: Hash;
  readonly status: CommitStatus;
  readonly attempts: number;
  /** Present once the transaction that carries it is durable. */
  readonly commit?: StoredCommit;
}

/** An epoch as it was settled. */
export interface NewEpoch extends Pick<EpochRow, 'record' | 'entitlements'> {
  readonly sheet?: Hash | undefined;
}

/** What settles and publishes epochs. */
export type EpochOutbox = Pick<
  EpochRows,
  'add' | 'drop' | 'newest' | 'waiting' | 'prepared' | 'unprepared' | 'submitted' | 'final'
>;

type At = Pick<EpochRow, 'run' | 'epoch'>;

/** Rows of epochs. The settler adds them in order, the publisher carries them to the chain. */
export class EpochRows {
  readonly #work: UnitOfWork;
  readonly #fence: Fence | undefined;

  constructor(work: UnitOfWork, fence?: Fence) {
    this.#work = work;
    this.#fence = fence;
  }

  /** These rows for one lease: every write rejects with ROUND_FENCED once the lease has another epoch. */
  under(fence: Fence): EpochOutbox {
    return new EpochRows(this.#work, fence);
  }

  /** Makes an epoch durable before it is signed. */
  async add({ record, entitlements, sheet }: NewEpoch): Promise<void> {
    const { run: runId, epoch } = record;
    await this.#work.run(async (tx) => {
      await tx.manager.insert(EpochEntity, {
        ...{ runId, epoch, status: 'pending', attempts: 0, queuedAt: tx.now() },
        record: recordHex(EPOCH, record),
        entitlements: recordListHex(ENTITLE, entitlements),
        sheet: sheet ?? null,
      });
      const { firstRound, lastRound, accounts } = record;
      const detail = { epoch, firstRound, lastRound, accounts, total: record.total.toString() };
      await tx.tell(runId, { type: 'epoch.settled', detail });
    }, this.#fence);
  }

  /** The chain has voided epoch `from`, and with it those that build on it: they are settled again. */
  async drop(run: RunId, from: number): Promise<void> {
    await this.#work.run(async (tx) => {
      const at = { runId: run, epoch: MoreThanOrEqual(from) };
      const { affected } = await tx.manager.delete(EpochEntity, at);
      if (affected !== 0) await tx.tell(run, { type: 'epoch.voided', detail: { epoch: from } });
    }, this.#fence);
  }

  /** The newest epoch of the run, on the chain or on its way. */
  async newest(run: RunId): Promise<EpochRow | undefined> {
    const row = await this.#work.read((manager) =>
      manager.findOne(EpochEntity, { where: { runId: run }, order: { epoch: 'DESC' } }),
    );
    return row === null ? undefined : rowOf(row);
  }

  /** Ascending. */
  async list(run: RunId): Promise<readonly EpochRow[]> {
    const rows = await this.#work.read((manager) =>
      manager.find(EpochEntity, { where: { runId: run }, order: { epoch: 'ASC' } }),
    );
    return rows.map(rowOf);
  }

  /** The oldest epoch of each run that is not final. */
  async waiting(limit: number): Promise<readonly EpochRow[]> {
    const rows = await this.#work.read((manager) =>
      manager.find(EpochEntity, {
        where: { status: Not('final') },
        order: { queuedAt: 'ASC', runId: 'ASC', epoch: 'ASC' },
        take: limit,
      }),
    );
    return rows.map(rowOf);
  }

  /** Makes a signed transaction durable, before it is sent for the first time. */
  async prepared(at: At, { nonce, lastBlock, bytes, hash }: StoredCommit): Promise<void> {
    await this.#change(at, { nonce, lastBlock, extrinsic: bytes, extrinsicHash: hash }, true);
  }

  /** Takes a transaction back that can never be included; the epoch is signed again. */
  async unprepared(at: At): Promise<void> {
    const none = { nonce: null, lastBlock: null, extrinsic: null, extrinsicHash: null };
    await this.#change(at, { ...none, status: 'pending' });
  }

  async submitted(at: At): Promise<void> {
    await this.#change(at, { status: 'submitted' });
  }

  /** @param block absent when the chain was only found to hold the epoch. */
  async final(at: At, block?: { readonly number: number; readonly hash: Hash }): Promise<void> {
    const where = block === undefined ? {} : { block: block.number, blockHash: block.hash };
    await this.#work.run(async (tx) => {
      const id = { runId: at.run, epoch: at.epoch };
      await tx.manager.update(EpochEntity, id, { status: 'final', finalAt: tx.now(), ...where });
      await tx.tell(at.run, { type: 'epoch.committed', detail: { epoch: at.epoch, ...where } });
    }, this.#fence);
  }

  async #change(at: At, columns: Partial<EpochEntity>, isAttempt = false): Promise<void> {
    const id = { runId: at.run, epoch: at.epoch };
    await this.#work.run(async (tx) => {
      await tx.manager.update(EpochEntity, id, columns);
      if (isAttempt) await tx.manager.increment(EpochEntity, id, 'attempts', 1);
    }, this.#fence);
  }
}

function rowOf(row: EpochEntity): EpochRow {
  const { nonce, lastBlock, extrinsic, extrinsicHash } = row;
  const isSigned =
    nonce !== null && lastBlock !== null && extrinsic !== null && extrinsicHash !== null;
  return {
    run: row.runId,
    epoch: row.epoch,
    record: recordOf(EPOCH, row.record),
    entitlements: recordListOf(ENTITLE, row.entitlements),
    ...(row.sheet === null ? {} : { sheet: row.sheet }),
    status: row.status,
    attempts: row.attempts,
    ...(isSigned ? { commit: { nonce, lastBlock, bytes: extrinsic, hash: extrinsicHash } } : {}),
  };
}
