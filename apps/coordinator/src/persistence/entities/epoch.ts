import type { Hash, RunId } from '@tallystick/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bytesColumn, nullable, u32Column } from '../columns.js';
import type { CommitStatus } from './outbox.js';

/** A settled epoch and its way to the chain, like a row of the outbox. The signature is made again from the record. */
@Entity('epochs')
export class EpochEntity {
  @PrimaryColumn(u32Column('run_id'))
  runId!: RunId;

  @PrimaryColumn(u32Column('epoch'))
  epoch!: number;

  /** EPOCH as hex of SCALE. */
  @Column(bytesColumn('record'))
  record!: string;

  /** ENTITLE*, concatenated, ascending by account. */
  @Column(bytesColumn('entitlements'))
  entitlements!: string;

  /** Id of the score sheet; NULL where shares do not follow from scores. */
  @Column(nullable(bytesColumn('sheet')))
  sheet!: Hash | null;

  @Column({ name: 'status', type: 'text' })
  status!: CommitStatus;

  @Column({ name: 'queued_at', type: 'timestamptz' })
  queuedAt!: Date;

  @Column(nullable(u32Column('nonce')))
  nonce!: number | null;

  @Column(nullable(u32Column('last_block')))
  lastBlock!: number | null;

  @Column(nullable(bytesColumn('extrinsic')))
  extrinsic!: string | null;

  @Column(nullable(bytesColumn('extrinsic_hash')))
  extrinsicHash!: Hash | null;

  @Column({ name: 'attempts', type: 'integer' })
  attempts!: number;

  @Column(nullable(u32Column('block')))
  block!: number | null;

  @Column(nullable(bytesColumn('block_hash')))
  blockHash!: Hash | null;

  @Column({ name: 'final_at', type: 'timestamptz', nullable: true })
  finalAt!: Date | null;
}
